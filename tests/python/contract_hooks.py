"""What Schemathesis has to be told of Hark; contract.py starts it with this."""

import json
import os
import secrets
import urllib.request

import schemathesis

# These end the token that they are called with, so each gets one of its own.
ENDING = {("POST", "/api/v1/auth/logout"), ("DELETE", "/api/v1/users/me")}
# An admin who gives themselves another role is one no more.
ROLE = ("PUT", "/api/v1/users/{user}/role")
OWN_NAMES = json.loads(os.environ["OWN_NAMES"])


# Only the key of a service acts for users: with any other token each answer would be 403. contract.py has a run with one.
NOT_WITH_A_TOKEN = "#/components/parameters/OnBehalfOf"


@schemathesis.hook
def before_load_schema(context, document):
    for item in document["paths"].values():
        for operation in item.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one.get("$ref") != NOT_WITH_A_TOKEN]


def fresh_token(base):
    body = json.dumps({"username": f"u-{secrets.token_hex(8)}", "password": "123456"}).encode()
    request = urllib.request.Request(f"{base}/api/v1/auth/register", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["token"]


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation
    called = (case.method.upper(), operation.path)
    if called in ENDING and "Authorization" in (case.headers or {}):
        case.headers["Authorization"] = f"Bearer {fresh_token(operation.base_url)}"
    if called == ROLE and case.path_parameters.get("user") in OWN_NAMES:
        case.path_parameters["user"] = "bob"
