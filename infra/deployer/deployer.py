"""Answers a custom resource of template.yaml.

Custom::Migration  invokes a version of the function `migrate` and waits for it; the deployment fails when it does.
"""

import json
import urllib.request

# The longest that `migrate` may take, its cold start included.
MIGRATION_S = 310


def handle(event, _context):
    """Always answers: a deployment that isn't answered waits for an hour."""
    answer = {"Status": "SUCCESS", "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"]}
    try:
        act(event)
    except Exception as problem:  # noqa: BLE001
        print(json.dumps({"level": "ERROR", "message": "deployment failed", "type": type(problem).__name__}))
        answer |= {"Status": "FAILED", "Reason": str(problem)}
    for key in ("StackId", "RequestId", "LogicalResourceId"):
        answer[key] = event[key]
    send(event["ResponseURL"], answer)


def act(event):
    if event["RequestType"] == "Delete":
        return
    properties = event["ResourceProperties"]
    if event["ResourceType"] != "Custom::Migration":
        raise ValueError(f"{event['ResourceType']} is not known to the deployer")
    if not goes_back(properties, event.get("OldResourceProperties", {})):
        migrate(properties["Version"])


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
