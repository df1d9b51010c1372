"""Two nodes of a cluster, by ordinary clients: cross_node.py http://host:port http://host:port

Three scenarios: from a user on node 1 to one on node 2; the receipt back; one user with a device on each.
Prints a line for each, and `{"passed": 3}` at the end.
"""

import asyncio
import json
import secrets
import sys
import urllib.request

from websockets.asyncio.client import connect

NODES = sys.argv[1:3]
# Accounts of this run's own: it may be repeated on the same database.
RUN = secrets.token_hex(4)


def call(node, method, path, token=None, body=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(NODES[node] + path, data, headers, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def register(name):
    """Their user name and token."""
    username = f"{name}_{RUN}"
    body = {"username": username, "nickname": name.title(), "password": "123456"}
    return username, call(0, "POST", "/api/v1/auth/register", body=body)["token"]


def enter(node, username, token, device="page"):
    base = NODES[node].replace("http", "ws", 1)
    return connect(f"{base}/ws/chat?userId={username}&client_id={device}&token={token}")


async def frame(socket, kind):
    """The next frame of a type; others are passed over, an error ends the run."""
    async with asyncio.timeout(20):
        while True:
            got = json.loads(await socket.recv())
            if got["type"] == kind:
                return got
            assert got["type"] != "error", got


async def say(sender, receiver, content):
    """In the first document's own spelling; gives the ack."""
    message = {"type": "CHAT_MESSAGE", "receiverId": receiver, "content": content, "timestamp": 1640995200000}
    await sender.send(json.dumps(message))
    return await frame(sender, "ack")


async def across(a, b):
    async with enter(0, *a) as on_one, enter(1, *b) as on_two:
        ack = await say(on_one, b[0], "Hello from node 1!")
        got = await frame(on_two, "message")
        assert (got["message_id"], got["content"]) == (ack["message_id"], "Hello from node 1!"), got

        endpoints = [call(0, "GET", f"/api/chat/online/status/{who}", a[1])["endpoints"] for who in (a[0], b[0])]
        assert all(len(of_one) == 1 for of_one in endpoints) and endpoints[0] != endpoints[1], endpoints
        counts = [call(node, "GET", "/api/chat/online/stats", a[1]) for node in (0, 1)]
        assert counts[0] == counts[1], counts
    return "a message from a user on node 1 to a user on node 2"


async def receipt(a, b):
    async with enter(0, *a) as on_one, enter(1, *b) as on_two:
        ack = await say(on_one, b[0], "Have you read this?")
        got = await frame(on_two, "message")
        read = {"type": "READ_RECEIPT", "chatId": got["room_id"], "messageId": got["message_id"], "receiverId": a[0]}
        await on_two.send(json.dumps(read))
        await frame(on_two, "ack")
        told = await frame(on_one, "read_receipt")
        assert (told["room_id"], told["seq"]) == (ack["room_id"], ack["seq"]), told
    return "the receipt from node 2 back to node 1"


async def devices(a, b):
    async with enter(0, *b, "phone") as phone, enter(1, *b, "laptop") as laptop, enter(1, *a) as other:
        status = call(1, "GET", f"/api/chat/online/status/{b[0]}", a[1])
        assert (status["status"], status["connections"], len(status["endpoints"])) == ("online", 2, 2), status
        ack = await say(other, b[0], "Both of you.")
        both = [await frame(device, "message") for device in (phone, laptop)]
        assert [got["message_id"] for got in both] == [ack["message_id"]] * 2, both
        mine = await say(phone, a[0], "From the phone.")
        assert (await frame(laptop, "message"))["message_id"] == mine["message_id"]
        assert (await frame(other, "message"))["message_id"] == mine["message_id"]
    return "one user with a device on each node"


async def main():
    a, b = register("ann"), register("bob")
    # Of bob's sockets some may still be ending.
    scenarios = ((across, b), (receipt, b), (devices, register("cleo")))
    for number, (scenario, other) in enumerate(scenarios, 1):
        print(f"scenario {number}: {await scenario(a, other)}: ok", file=sys.stderr)
    print(json.dumps({"passed": len(scenarios)}))


asyncio.run(main())
