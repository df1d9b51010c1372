#!/usr/bin/env python3
"""What so many users online at once ask of each part, beside what the part gives before somebody does something.

  infra/cost/scale.py                      10 thousand, 1 million and 100 million online
  infra/cost/scale.py --heartbeat 240      the same with heartbeats every four minutes

docs/SCALE.md says where each limit is from and what takes over. Only the standard library is needed.
"""

import argparse
import random
from dataclasses import dataclass

# Quotas of one account in one Region as AWS gives them out, and what one of each thing was measured to do.
HANDSHAKES_S = 500
GATEWAY_S = 10_000
LAMBDA_AT_ONCE = 1_000
FRAMES_S_AN_INSTANCE = 10
# The statement of a send over 64 rooms, eight clients on two cores.
POSTGRES_SENDS_S = 5_200
POSTGRES_CONNECTIONS = 5_000
# Two busy cores gave this: redis-benchmark with admit.lua, 50 clients, two thirds of what a bare PING did there.
REDIS_SCRIPTS_S = 16_000
# A batch of a hundred in a tenth of a second.
SETTLED_S = 1_000
# pgbench there, four clients, each step a transaction under the desk's lock and written to disk.
DESK_STEPS_S = 350


@dataclass
class Load:
    online: int
    heartbeat_s: int
    # A message every ten minutes each, to five connections; a socket lives for two hours.
    message_s: int = 600
    audience: int = 5
    life_s: int = 7_200

    @property
    def heartbeats(self) -> float:
        return self.online / self.heartbeat_s

    @property
    def messages(self) -> float:
        return self.online / self.message_s

    @property
    def frames(self) -> float:
        return self.heartbeats + self.messages

    @property
    def handshakes(self) -> float:
        return self.online / self.life_s

    def asked(self) -> list:
        """(part, asked, given) of each part."""
        instances = self.frames / FRAMES_S_AN_INSTANCE
        return [
            ("new sockets a second", self.handshakes, HANDSHAKES_S),
            ("requests a second at the gateway", self.frames + self.handshakes, GATEWAY_S),
            ("functions at once", instances + 3 * self.handshakes * 0.06, LAMBDA_AT_ONCE),
            ("connections to Postgres", instances, POSTGRES_CONNECTIONS),
            ("sends a second in one Postgres", self.messages, POSTGRES_SENDS_S),
            # A frame is one script; a message asks for its audience besides.
            ("scripts a second in one Redis", self.frames + self.messages, REDIS_SCRIPTS_S),
            ("messages a second settled by one reader", self.messages, SETTLED_S),
        ]

    def gives_way(self) -> list:
        """The parts that are asked for more than they give, the fullest first."""
        full = [(asked / given, part) for part, asked, given in self.asked() if asked > given]
        return [part for _, part in sorted(full, reverse=True)]


def reconnect_s(online: int) -> float:
    """How long it takes until everybody is back when all sockets end at once."""
    return online / HANDSHAKES_S


def desk_wait_ms(steps_s: float, hold_ms: float = 1000 / DESK_STEPS_S, steps: int = 200_000, seed: int = 1) -> tuple:
    """Simulates the desk's one lock: steps come at random, each holds it for `hold_ms`. The median wait and that of one
    in a hundred, in milliseconds."""
    chance = random.Random(seed)
    now = free = 0.0
    waits = []
    for _ in range(steps):
        now += chance.expovariate(steps_s) * 1000
        start = max(now, free)
        waits.append(start - now)
        free = start + hold_ms
    waits.sort()
    return waits[steps // 2], waits[steps * 99 // 100]


def show(load: Load) -> None:
    print(f"{load.online:,} online, heartbeats every {load.heartbeat_s} s")
    for part, asked, given in load.asked():
        print(f"  {part:<42}{asked:>12,.0f} of {given:>7,}{asked / given:>10.0%}{'  !' if asked > given else ''}")
    print(f"  {'all sockets anew':<42}{reconnect_s(load.online):>12,.0f} s")


def show_desk() -> None:
    print(f"The desk's lock, {DESK_STEPS_S} steps a second at most: a session is about five steps")
    for sessions_hour in (10_000, 50_000, 100_000, 150_000, 200_000):
        steps_s = sessions_hour * 5 / 3600
        half, most = desk_wait_ms(steps_s)
        print(f"  {sessions_hour:>9,} sessions an hour {steps_s / DESK_STEPS_S:>6.0%}  wait {half:>6.1f} ms, one in a hundred {most:>7.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heartbeat", type=int, default=30)
    given = parser.parse_args()
    for online in (10_000, 1_000_000, 100_000_000):
        show(Load(online, given.heartbeat))
        print()
    show_desk()


if __name__ == "__main__":
    main()
