"""Private Redis, RabbitMQ and Postgres for development and tests, as child processes on loopback.

`state` says where they live, on which ports and with which passwords; `process` starts and ends one
recorded process; a module per service knows its configuration and when it is ready.
"""
