"""Two people by ordinary clients, Python's websockets and urllib: two_clients.py http://host:port

They register, log in, share a room, and each gets what the other sends.
"""

import asyncio
import json
import sys
import urllib.request

from websockets.asyncio.client import connect

BASE = sys.argv[1]


def call(method, path, token=None, body=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(BASE + path, data, headers, method=method)
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def join_up(name):
    account = {"username": name, "nickname": name.title(), "password": "123456"}
    user = call("POST", "/api/v1/auth/register", body=account)["user"]
    login = call("POST", "/api/v1/auth/login", body={"username": name, "password": "123456"})
    assert login["user"] == user, login
    return user["id"], login["token"]


async def frame(socket, kind):
    """The next frame of a type; others are passed over."""
    async with asyncio.timeout(20):
        while True:
            got = json.loads(await socket.recv())
            if got["type"] == kind:
                return got


async def exchange(sender, receiver, room, name, content):
    await sender.send(json.dumps({"type": "message", "room_id": room, "content": content, "id": content}))
    ack = await frame(sender, "ack")
    got = await frame(receiver, "message")
    assert ack["id"] == content, ack
    assert (got["content"], got["sender_name"]) == (content, name), got
    for field in ("message_id", "room_id", "seq", "timestamp"):
        assert got[field] == ack[field], (field, got, ack)
    return got


async def main():
    ann, anns_token = join_up("ann")
    bob, bobs_token = join_up("bob")
    room = call("POST", "/api/v1/rooms", anns_token, {"name": "two", "type": "group", "member_ids": [bob]})["id"]
    url = BASE.replace("http", "ws", 1) + "/ws?token="
    async with connect(url + anns_token) as anns, connect(url + bobs_token) as bobs:
        sent = [
            await exchange(anns, bobs, room, "Ann", "hello"),
            await exchange(bobs, anns, room, "Bob", "hello yourself"),
            await exchange(anns, bobs, room, "Ann", "\u518d\u89c1"),
        ]
    assert [message["seq"] for message in sent] == [1, 2, 3], sent

    history = call("GET", f"/api/v1/rooms/{room}/messages?page=1&page_size=20", bobs_token)
    told = [message["message_id"] for message in history["messages"]]
    assert told == [message["message_id"] for message in sent], history
    mine = call("GET", "/api/v1/rooms", bobs_token)["rooms"][0]
    assert mine["last_message"]["message_id"] == sent[-1]["message_id"], mine
    assert mine["unread_count"] == 1, mine
    print(json.dumps({"exchanged": len(sent), "ann": ann}))


asyncio.run(main())
