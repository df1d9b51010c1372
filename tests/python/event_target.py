"""A service that takes events, by Python's own server: event_target.py PORT [--delay-ms N] [--hang]

PORT 0 is any free one. Prints its port, and then one line of JSON for each post:
{"headers": {}, "body": "", "handled": true}, where handled is false for an event whose id it has seen before.
With --hang it takes posts and never answers.
"""

import argparse
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

arguments = argparse.ArgumentParser()
arguments.add_argument("port", type=int)
arguments.add_argument("--delay-ms", type=int, default=0)
arguments.add_argument("--hang", action="store_true")
options = arguments.parse_args()

seen = set()
one_at_a_time = threading.Lock()


class Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The status line and the headers in one packet: two would wait for each other.
    wbufsize = -1

    def do_GET(self):
        self.answer(200 if self.path == "/health" else 404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        event = self.headers["webhook-id"]
        with one_at_a_time:
            handled = not options.hang and event not in seen
            if handled:
                seen.add(event)
            headers = {name.lower(): value for name, value in self.headers.items()}
            print(json.dumps({"headers": headers, "body": body, "handled": handled}), flush=True)
        if options.hang:
            time.sleep(3600)
        time.sleep(options.delay_ms / 1000)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", options.port), Service)
print(server.server_port, flush=True)
server.serve_forever()
