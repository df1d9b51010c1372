#!/usr/bin/env python3
"""What Hark costs to run in AWS: for each thing that it does, and for a month.

  infra/cost/cost.py                         the prices of things, and of a month at three sizes
  infra/cost/cost.py --online 50000 --messages 10 --audience 8 --heartbeat 240 --size large
  infra/cost/cost.py --prices                what is assumed to be charged, and where it was read

Times and sizes below are assumptions, each beside its name: measure yours (docs/OPERATIONS.md, "Metrics") and change
them. Only the standard library is needed.
"""

import argparse
from dataclasses import dataclass

from prices import GIB, PRICES, REGION, usd

HOURS = 730
SECONDS = HOURS * 3600

# Billed run time of a warm function, in seconds, and its memory in GB as template.yaml says.
MESSAGE_S, MESSAGE_GB = 0.030, 0.5
HEARTBEAT_S = 0.006
POST_S = 0.0002
HANDSHAKE_S, HANDSHAKE_GB = 0.060, 0.25
SETTLE_S, SETTLE_GB = 0.005, 0.5
# Bytes: what Lambda and the metrics write for an invocation, an access log's line, a frame on the wire with its
# headers, and a post as the NAT gateway counts it, request and answer.
INVOCATION_LOG, ACCESS_LOG, FRAME, POST_WIRE = 700, 300, 500, 2_000
# X-Ray's default rule: one request a second, and of the rest so many.
TRACED = 0.05
# Connections that one chunk of a fan-out holds (FANOUT_CHUNK).
CHUNK = 100
# Custom metrics: the combinations that docs/OPERATIONS.md can tell, most of which occur in a busy month.
METRICS, ALARMS, SECRETS = 90, 35, 5


def invocation(seconds: float, gigabytes: float) -> float:
    """One run of a function with what it logs and traces."""
    return (
        usd("lambda_request")
        + seconds * gigabytes * usd("lambda_gb_second")
        + INVOCATION_LOG / GIB * usd("log_gib")
        + TRACED * usd("trace")
    )


def frame_in(seconds: float) -> float:
    """A frame of a client and the reply to it."""
    access = ACCESS_LOG / GIB * usd("log_gib")
    return 2 * usd("socket_message") + access + FRAME / GIB * usd("out_gib") + invocation(seconds, MESSAGE_GB)


def post() -> float:
    """A frame to one connection, less the function's run."""
    return usd("socket_message") + FRAME / GIB * usd("out_gib") + POST_WIRE / GIB * usd("nat_gib")


def message(audience: int) -> float:
    """A message to so many connections besides the sender's, its settling included."""
    if audience <= CHUNK:
        posting = audience * post()
        return frame_in(MESSAGE_S + audience * POST_S) + posting + SETTLE_S * SETTLE_GB * usd("lambda_gb_second")
    return frame_in(MESSAGE_S) + fan_out(audience)


def fan_out(connections: int) -> float:
    """Posts to so many connections by chunks of the fan-out queues; a broadcast is that."""
    chunks = -(-connections // CHUNK)
    running = connections * POST_S * SETTLE_GB * usd("lambda_gb_second")
    return connections * post() + chunks * invocation(0, SETTLE_GB) + running


def heartbeat() -> float:
    return frame_in(HEARTBEAT_S)


def connection_hour() -> float:
    """An open socket, less its heartbeats and its opening."""
    return 60 * usd("socket_minute")


def opening() -> float:
    """A socket's opening and end: authorize, connect, disconnect."""
    return 3 * invocation(HANDSHAKE_S, HANDSHAKE_GB) + 2 * ACCESS_LOG / GIB * usd("log_gib")


def standing(size: str) -> dict:
    """What a month costs before anybody comes, by infra/data.yaml and infra/network.yaml."""
    small = size == "small"
    database = usd("db.t4g.medium") if small else 2 * usd("db.r7g.xlarge")
    cache = 2 * (usd("cache.t4g.small") if small else usd("cache.r7g.large"))
    broker = usd("mq.m7g.medium") if small else 3 * usd("mq.m7g.large")
    return {
        "database": HOURS * database + 100 * usd("db_gib_month") * (1 if small else 2),
        "cache": HOURS * cache,
        "broker": HOURS * broker,
        "network": HOURS * usd("nat_hour") * (1 if small else 2),
        "metrics, alarms, secrets": METRICS * usd("metric_month") + ALARMS * usd("alarm_month") + SECRETS * usd("secret_month"),
    }


@dataclass
class Load:
    online: int
    """Sockets open at once, on average over the month."""
    messages: float
    """Messages that each of them sends in an hour."""
    audience: int
    """Connections that a message goes to."""
    heartbeat_s: int
    """Seconds between heartbeats; any frame counts as one, which is left out here."""
    life_s: int = 7200
    """Seconds that a socket lives; API Gateway ends it after two hours."""

    def month(self) -> dict:
        return {
            "open sockets": self.online * HOURS * connection_hour(),
            "heartbeats": self.online * SECONDS / self.heartbeat_s * heartbeat(),
            "openings": self.online * SECONDS / self.life_s * opening(),
            "messages": self.online * HOURS * self.messages * message(self.audience),
        }


def show_things() -> None:
    print(f"What one costs ({REGION}), in millionths of a dollar:")
    rows = [
        ("a connection for an hour", connection_hour()),
        ("a socket's opening and end", opening()),
        ("a heartbeat", heartbeat()),
        ("a message to 1 connection", message(1)),
        ("a message to 10 connections", message(10)),
        ("a message to 1,000 connections", message(1000)),
        ("a broadcast to 100,000 connections", fan_out(100_000)),
    ]
    for name, cost in rows:
        print(f"  {name:<36}{cost * 1e6:>14,.2f}")


def show_month(load: Load, size: str) -> None:
    parts = standing(size) | load.month()
    print(
        f"A month, {load.online:,} online, {load.messages:g} messages an hour each to {load.audience}, "
        f"heartbeats every {load.heartbeat_s} s, size {size}:"
    )
    for name, cost in parts.items():
        print(f"  {name:<36}{cost:>14,.0f}")
    print(f"  {'together':<36}{sum(parts.values()):>14,.0f}")


def show_prices() -> None:
    for name, price in PRICES.items():
        print(f"{name:<18}{price.usd:>14.10f}  {price.unit}; {price.source}, {price.looked_up or 'not looked up'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--online", type=int)
    parser.add_argument("--messages", type=float, default=6)
    parser.add_argument("--audience", type=int, default=5)
    parser.add_argument("--heartbeat", type=int, default=30)
    parser.add_argument("--size", choices=["small", "large"], default="small")
    parser.add_argument("--prices", action="store_true")
    given = parser.parse_args()
    if given.prices:
        return show_prices()
    if given.online is not None:
        return show_month(Load(given.online, given.messages, given.audience, given.heartbeat), given.size)
    show_things()
    for online, heartbeat_s, size in ((1_000, 30, "small"), (10_000, 30, "large"), (10_000, 240, "large")):
        print()
        show_month(Load(online, 6, 5, heartbeat_s), size)
    return None


if __name__ == "__main__":
    main()
