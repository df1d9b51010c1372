"""The deployer against servers that speak as AWS does: the client is the real one, and so are the sockets."""

import json
import os
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "deployer"))

import deployer  # noqa: E402


class Aws(BaseHTTPRequestHandler):
    """Lambda and the bucket that takes answers, on one port."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.invoked.append(self.path)
        if self.server.lambda_is_away:
            self.answer(500, b'{"message":"away"}')
            return
        failed = {"X-Amz-Function-Error": "Unhandled"} if self.server.migrate_fails else {}
        self.answer(200, b'{"migrated":true}', failed)

    def do_PUT(self):
        self.server.answers.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer(200, b"")

    def answer(self, status, body, more=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Deployer(unittest.TestCase):
    def setUp(self):
        self.aws = HTTPServer(("127.0.0.1", 0), Aws)
        self.aws.invoked, self.aws.answers = [], []
        self.aws.migrate_fails = self.aws.lambda_is_away = False
        self.url = f"http://127.0.0.1:{self.aws.server_port}"
        threading.Thread(target=self.aws.serve_forever, daemon=True).start()
        self.addCleanup(self.aws.server_close)
        self.addCleanup(self.aws.shutdown)
        os.environ |= {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def ask(self, kind, properties, request="Create", before=None):
        event = {
            "RequestType": request,
            "ResourceType": f"Custom::{kind}",
            "LogicalResourceId": kind,
            "StackId": "stack",
            "RequestId": "request",
            "ResponseURL": f"{self.url}/answer",
            "ResourceProperties": properties,
        }
        if before is not None:
            event |= {"OldResourceProperties": before, "PhysicalResourceId": kind}
        deployer.handle(event, None)
        return self.aws.answers[-1]

    def test_a_new_version_is_migrated(self):
        answer = self.ask("Migration", {"Version": "arn:f:migrate:8"}, "Update", {"Version": "arn:f:migrate:7"})
        self.assertEqual(answer["Status"], "SUCCESS")
        self.assertEqual(len(self.aws.invoked), 1)

    def test_a_rollback_leaves_the_schema_as_it_is(self):
        answer = self.ask("Migration", {"Version": "arn:f:migrate:9"}, "Update", {"Version": "arn:f:migrate:10"})
        self.assertEqual(answer["Status"], "SUCCESS")
        self.assertEqual(self.aws.invoked, [])

    def test_a_migration_that_fails_fails_the_deployment(self):
        self.aws.migrate_fails = True
        answer = self.ask("Migration", {"Version": "arn:f:migrate:1"})
        self.assertEqual(answer["Status"], "FAILED")
        self.assertEqual(len(self.aws.invoked), 1, "it is not tried again")

    def test_a_migration_whose_end_is_not_known_is_not_begun_again(self):
        self.aws.lambda_is_away = True
        answer = self.ask("Migration", {"Version": "arn:f:migrate:1"})
        self.assertEqual((answer["Status"], len(self.aws.invoked)), ("FAILED", 1))

    def test_taking_it_down_touches_nothing(self):
        answer = self.ask("Migration", {"Version": "arn:f:migrate:1"}, "Delete")
        self.assertEqual((answer["Status"], self.aws.invoked), ("SUCCESS", []))

    def test_what_is_not_known_is_answered(self):
        self.assertEqual(self.ask("Surprise", {})["Status"], "FAILED")


if __name__ == "__main__":
    unittest.main()
