"""A chat in which everybody hears everything: the flow of AWS's simple WebSocket chat sample, in Python.

$connect keeps the connection's id, $disconnect forgets it, and `{"action": "sendmessage", "data": ...}` posts the data
to every id that is kept. An id whose connection is gone is forgotten when a post says so.
"""

import json
import os
import sqlite3
from contextlib import closing

import boto3

api = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["CALLBACK_URL"])


def execute(statement, *values):
    """What the statement finds. Every event opens the file anew: instances share it."""
    with closing(sqlite3.connect(os.environ["CONNECTIONS"], timeout=5)) as store, store:
        store.execute("CREATE TABLE IF NOT EXISTS connections (id TEXT PRIMARY KEY)")
        return store.execute(statement, values).fetchall()


def connect(event):
    execute("INSERT OR REPLACE INTO connections VALUES (?)", event["requestContext"]["connectionId"])


def forget(connection):
    execute("DELETE FROM connections WHERE id = ?", connection)


def disconnect(event):
    forget(event["requestContext"]["connectionId"])


def send_message(event):
    data = json.loads(event["body"])["data"]
    for (connection,) in execute("SELECT id FROM connections"):
        try:
            api.post_to_connection(ConnectionId=connection, Data=data.encode())
        except api.exceptions.GoneException:
            forget(connection)


ROUTES = {"$connect": connect, "$disconnect": disconnect, "sendmessage": send_message}


def handler(event, context):
    ROUTES[event["requestContext"]["routeKey"]](event)
    return {"statusCode": 200, "body": "done"}
