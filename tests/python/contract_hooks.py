"""What Schemathesis has to be told of Hark; contract.py starts it with this."""

import json
import secrets
import urllib.request

import schemathesis

# These end the token that they are called with, so each gets one of its own.
ENDING = {("POST", "/api/v1/auth/logout"), ("DELETE", "/api/v1/users/me")}
ON_BEHALF_OF = "hark-on-behalf-of"


def fresh_token(base):
    body = json.dumps({"username": f"u-{secrets.token_hex(8)}", "password": "123456"}).encode()
    request = urllib.request.Request(f"{base}/api/v1/auth/register", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["token"]


@schemathesis.hook
def before_call(context, case, kwargs):
    headers = case.headers if case.headers is not None else {}
    operation = case.operation
    if (case.method.upper(), operation.path) in ENDING and "Authorization" in headers:
        case.headers["Authorization"] = f"Bearer {fresh_token(operation.base_url)}"
