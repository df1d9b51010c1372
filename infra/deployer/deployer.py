"""Answers two custom resources of template.yaml.

Custom::Secrets    reads the secrets that the properties name; its attributes are their values, hidden from
                   whoever looks at the stack. CloudFormation takes answers of 4,096 bytes, so all of them together
                   may be about 3,000.
Custom::Migration  invokes a version of the function `migrate` and waits for it; the deployment fails when it does.
"""

import json
import urllib.request

# What a secret must hold, by the property that names it.
KEYS = {
    "Secret": ("DATABASE_URL", "REDIS_URL", "RABBITMQ_URL", "JWT_SECRET"),
    "AdminSecret": ("username", "password"),
    "IssuersSecret": ("JWT_ISSUERS",),
    "PushSecret": ("vapid_private_key", "webhook_secret"),
}
# What CloudFormation takes as an answer, in bytes.
ANSWER_MAX = 4096
# The longest that `migrate` may take, its cold start included.
MIGRATION_S = 310


def handle(event, _context):
    """Always answers: a deployment that isn't answered waits for an hour."""
    answer = {"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"]}
    try:
        answer |= fitting(act(event))
    except Exception as problem:  # noqa: BLE001
        print(json.dumps({"level": "ERROR", "message": "deployment failed", "type": type(problem).__name__}))
        answer |= {"Status": "FAILED", "Reason": str(problem)}
    for key in ("StackId", "RequestId", "LogicalResourceId"):
        answer[key] = event[key]
    send(event["ResponseURL"], answer)


def act(event):
    if event["RequestType"] == "Delete":
        return {}
    properties = event["ResourceProperties"]
    if event["ResourceType"] == "Custom::Secrets":
        return {"NoEcho": True, "Data": secrets(properties)}
    if event["ResourceType"] == "Custom::Migration":
        if not goes_back(properties, event.get("OldResourceProperties", {})):
            migrate(properties["Version"])
        return {}
    raise ValueError(f"{event['ResourceType']} is not known to the deployer")


def fitting(answer):
    """The answer, if what is added to it leaves room for the rest."""
    if len(json.dumps(answer)) > ANSWER_MAX - 1024:
        raise ValueError("the secrets are too long together: CloudFormation takes about 3,000 bytes; shorten JWT_ISSUERS")
    return answer


def secrets(properties):
    """The value of every key of KEYS; empty where no secret is named."""
    values = {}
    for name, keys in KEYS.items():
        held = read(properties[name]) if properties.get(name) else dict.fromkeys(keys, "")
        for key in keys:
            if not isinstance(held.get(key), str):
                raise ValueError(f"the secret {properties[name]} lacks the key {key}, or it is not a string")
            values[key] = held[key]
    return values


def read(secret):
    import boto3

    value = boto3.client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    try:
        held = json.loads(value)
    except json.JSONDecodeError:
        # Without the cause, which would show what it holds.
        raise ValueError(f"the secret {secret} is not JSON") from None
    if not isinstance(held, dict):
        raise ValueError(f"the secret {secret} is not a JSON object")
    return held


def goes_back(properties, before):
    """Whether the deployment is rolled back to the version of before: its schema is there, in a wider one, and its
    `migrate` would refuse the migrations that it doesn't know."""
    if "Version" not in before:
        return False
    return number(properties["Version"]) < number(before["Version"])


def number(version):
    """`...:function:name:7` is 7."""
    return int(version.rsplit(":", 1)[1])


def migrate(version):
    import boto3
    from botocore.config import Config

    # A second try would only wait for the first: it holds the lock.
    patient = Config(read_timeout=MIGRATION_S, retries={"max_attempts": 0})
    answer = boto3.client("lambda", config=patient).invoke(FunctionName=version, Payload=b"null")
    said = answer["Payload"].read().decode()
    if "FunctionError" in answer:
        raise RuntimeError(f"migrate failed: {said[:500]}")
    print(json.dumps({"level": "INFO", "message": "migrated", "answer": json.loads(said)}))


def send(url, answer):
    body = json.dumps(answer).encode()
    # S3 signed the URL without a content type.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    with urllib.request.urlopen(request, timeout=10) as response:
        response.read()
