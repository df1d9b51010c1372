"""Drives `@connections` with boto3: management.py ENDPOINT CONNECTION FRAME, with credentials in the environment.

Posts, inspects and deletes the connection, and says as JSON what it learned.
"""

import json
import sys

import boto3

endpoint, connection, frame = sys.argv[1:]
client = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint, region_name="us-east-1")
client.post_to_connection(ConnectionId=connection, Data=frame)
seen = client.get_connection(ConnectionId=connection)
client.delete_connection(ConnectionId=connection)

refusals = []
for call in (
    lambda id: client.post_to_connection(ConnectionId=id, Data=b"{}"),
    lambda id: client.get_connection(ConnectionId=id),
    lambda id: client.delete_connection(ConnectionId=id),
):
    for id in ("never-open=", connection):
        try:
            call(id)
        except client.exceptions.GoneException as gone:
            refusals.append(gone.response["ResponseMetadata"]["HTTPStatusCode"])

print(
    json.dumps(
        {
            "connected_at": seen["ConnectedAt"].timestamp() * 1000,
            "last_active_at": seen["LastActiveAt"].timestamp() * 1000,
            "source_ip": seen["Identity"]["SourceIp"],
            "user_agent": seen["Identity"]["UserAgent"],
            "refusals": refusals,
        }
    )
)
