"""A function that does as its event says, on Lambda's Runtime API: what a custom runtime is made of, and no more.

Events: {"do": "answer"|"fail"|"exit"|"sleep"|"bytes"|"environment"|"context"|"later"|"stray", ...}
PROBE_INIT: "fail", "exit" or "sleep" before the first event is asked for.
"""

import http.client
import json
import os
import sys
import threading
import time

HOST = os.environ["AWS_LAMBDA_RUNTIME_API"]
RUNTIME = "/2018-06-01/runtime"


def call(method, path, body=None):
    connection = http.client.HTTPConnection(HOST)
    connection.request(method, RUNTIME + path, body)
    answer = connection.getresponse()
    return answer.status, dict((name.lower(), value) for name, value in answer.getheaders()), answer.read()


def count_for_ever(path):
    while True:
        with open(path, "a", encoding="ascii") as file:
            file.write(".")
        time.sleep(0.002)


def init():
    match os.environ.get("PROBE_INIT"):
        case "fail":
            call("POST", "/init/error", json.dumps({"errorType": "Probe.Init", "errorMessage": "cannot start"}))
            sys.exit(1)
        case "exit":
            sys.exit(7)
        case "sleep":
            time.sleep(3600)


def handle(event, headers):
    match event["do"]:
        case "answer":
            return event.get("with", {"pid": os.getpid()})
        case "exit":
            os._exit(event["status"])
        case "sleep":
            time.sleep(event["seconds"])
            if "then" in event:
                open(event["then"], "w", encoding="ascii").close()
            return {"pid": os.getpid()}
        case "bytes":
            # With the two quotes.
            return "x" * (event["count"] - 2)
        case "environment":
            return {name: os.environ.get(name) for name in event["names"]}
        case "context":
            return {**headers, "now_ms": time.time() * 1000}
        case "later":
            threading.Thread(target=count_for_ever, args=[event["file"]], daemon=True).start()
            return {"pid": os.getpid()}
        case "stray":
            status, _, body = call("POST", "/invocation/00000000-0000-0000-0000-000000000000/response", "{}")
            return {"status": status, **json.loads(body)}
    raise ValueError(event["do"])


def main():
    init()
    while True:
        _, headers, body = call("GET", "/invocation/next")
        request = headers["lambda-runtime-aws-request-id"]
        event = json.loads(body)
        if event["do"] == "fail":
            error = {"errorType": "Probe.Failed", "errorMessage": "as the event says", "stackTrace": []}
            call("POST", f"/invocation/{request}/error", json.dumps(error))
            continue
        call("POST", f"/invocation/{request}/response", json.dumps(handle(event, headers)))


main()
