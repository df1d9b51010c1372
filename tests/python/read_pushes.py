"""Reads pushes as a browser does, by http_ece: read_pushes.py PRIVATE_KEY AUTH BODY...

The device's P-256 key and secret are base64url, the bodies base64url of aes128gcm (RFC 8188, RFC 8291).
"""

import base64
import json
import sys

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


key, auth, *bodies = sys.argv[1:]
private_key = ec.derive_private_key(int.from_bytes(decode(key), "big"), ec.SECP256R1())
texts = [
    http_ece.decrypt(decode(body), private_key=private_key, auth_secret=decode(auth), version="aes128gcm")
    for body in bodies
]
print(json.dumps([json.loads(text) for text in texts]))
