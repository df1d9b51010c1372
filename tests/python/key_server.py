"""An identity provider, by PyJWT: prints its port as JSON, then serves until it is ended.

GET /jwks.json         the keys it publishes (RFC 7517)
POST /mint             a token: {"kid", "claims"}, "nameless" without the key's name
POST /publish          publishes these keys alone from now on: {"kids"}, and what for: {"use"}
POST /down             answers 503 to /jwks.json from now on: {"down"}
GET /asked             how often /jwks.json was asked for
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

KEYS = {
    "rsa-1": ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "rsa-2": ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    "ec-1": ("ES256", ec.generate_private_key(ec.SECP256R1())),
}
ALGORITHMS = {"RS256": RSAAlgorithm(RSAAlgorithm.SHA256), "ES256": ECAlgorithm(ECAlgorithm.SHA256)}
state = {"kids": ["rsa-1", "ec-1"], "asked": 0, "down": False, "use": "sig"}


def published(kid):
    algorithm, key = KEYS[kid]
    jwk = json.loads(ALGORITHMS[algorithm].to_jwk(key.public_key()))
    return jwk | {"kid": kid, "use": state["use"], "alg": algorithm}


class Provider(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/asked":
            return self.answer({"asked": state["asked"]})
        state["asked"] += 1
        # What it says while it is down isn't to be believed.
        self.answer({"keys": [published(kid) for kid in state["kids"]]}, 503 if state["down"] else 200)

    def do_POST(self):
        said = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/mint":
            algorithm, key = KEYS[said["kid"]]
            headers = {} if said.get("nameless") else {"kid": said["kid"]}
            return self.answer({"token": jwt.encode(said["claims"], key, algorithm, headers)})
        state.update(said)
        self.answer({})

    def answer(self, body, status=200):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
