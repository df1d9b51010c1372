"""What Schemathesis has to be told of Hark; contract.py starts it with this."""

import json
import os
import secrets
import urllib.request

import schemathesis

WHO, TOKEN = os.environ["WHO"], os.environ["TOKEN"]
OWN_NAMES = json.loads(os.environ["OWN_NAMES"])

# These end the token that they are called with, so each gets one of its own.
ENDING = {("POST", "/api/v1/auth/logout"), ("DELETE", "/api/v1/users/me")}
# An admin who gives themselves another role is one no more.
ROLE = ("PUT", "/api/v1/users/{user}/role")
# Only the key of a service acts for users: with any other token each answer would be 403.
NOT_WITH_A_TOKEN = "#/components/parameters/OnBehalfOf"


@schemathesis.hook
def before_load_schema(context, document):
    for item in document["paths"].values():
        for operation in item.values():
            parameters = operation.get("parameters", [])
            operation["parameters"] = [one for one in parameters if one.get("$ref") != NOT_WITH_A_TOKEN]


@schemathesis.hook
def before_call(context, case, kwargs):
    called = (case.method.upper(), case.operation.path)
    if called in ENDING and (case.headers or {}).get("Authorization") == f"Bearer {TOKEN}":
        case.headers["Authorization"] = f"Bearer {fresh_token(case.operation.base_url)}"
    if called == ROLE and case.path_parameters.get("user") in OWN_NAMES:
        case.path_parameters["user"] = "bob"
    case.body = whole(case.body)


@schemathesis.check
def permissions_are_asked_for(context, response, case):
    """A common user has none."""
    if WHO == "user" and "x-permission" in case.operation.definition.raw:
        assert response.status_code >= 400, f"{response.status_code} without a permission"


def fresh_token(base):
    body = json.dumps({"username": f"u-{secrets.token_hex(8)}", "password": "123456"}).encode()
    url = f"{base.rstrip('/')}/api/v1/auth/register"
    request = urllib.request.Request(url, body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["token"]


def whole(value):
    """The same with 1 for 1.0: JSON Schema counts both as whole numbers, and serde only the first."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, dict):
        return {name: whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    return value
