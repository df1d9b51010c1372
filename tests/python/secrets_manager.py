"""Secrets Manager as far as functions ask it, its signatures checked by botocore: prints its port as JSON, then serves
until it is ended.

POST /         GetSecretValue, signed by the key id `test` and its secret key `test`
POST /put      keeps these texts from now on: {"id": text}; null takes one away
GET /asked     how often each was asked for: {"id": times}
"""

import json
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

OWNER = Credentials("test", "test")
secrets, asked = {}, Counter()


def is_signed(headers, body):
    """Whether the request's signature is what botocore makes of the same request."""
    scheme, _, fields = headers.get("authorization", "").partition(" ")
    fields = dict(field.strip().split("=", 1) for field in fields.split(",") if "=" in field)
    if scheme != "AWS4-HMAC-SHA256" or not fields.get("Credential", "").startswith("test/"):
        return False
    _, _, region, service, _ = fields["Credential"].split("/")
    signed = {name: headers[name] for name in fields["SignedHeaders"].split(";")}
    request = AWSRequest("POST", f"http://{headers['host']}/", headers=signed, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(OWNER, service, region)
    signer.headers_to_sign = lambda request: request.headers
    return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request) == fields["Signature"]


class Manager(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, asked)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/put":
            secrets.update(json.loads(body))
            return self.answer(200, {})
        if self.headers["x-amz-target"] != "secretsmanager.GetSecretValue":
            return self.refuse("UnknownOperationException", "")
        if not is_signed(self.headers, body):
            return self.refuse("InvalidSignatureException", "The request signature we calculated does not match.")
        name = json.loads(body)["SecretId"]
        asked[name] += 1
        if secrets.get(name) is None:
            return self.refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        self.answer(200, {"ARN": name, "Name": name, "SecretString": secrets[name], "VersionStages": ["AWSCURRENT"]})

    def refuse(self, kind, message):
        self.answer(400, {"__type": kind, "Message": message})

    def answer(self, status, body):
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/x-amz-json-1.1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Manager)
print(json.dumps({"port": server.server_port}), flush=True)
server.serve_forever()
