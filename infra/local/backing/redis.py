"""Redis: one configuration file, password only."""

import socket

from . import packages
from .state import State, write_private

READY_SECONDS = 30


class Redis:
    name = "redis"

    def __init__(self, state: State):
        self.state = state
        self.process = state.process(self.name)

    @property
    def url(self) -> str:
        # The user is named because redis-cli sends an empty one as given and is refused.
        return f"redis://default:{self.state.password('redis')}@127.0.0.1:{self.state.port('redis')}"

    def exports(self) -> dict:
        return {"REDIS_URL": self.url}

    def start(self) -> None:
        folder = self.state.folder(self.name)
        config = folder / "redis.conf"
        write_private(config, self._config(folder), owner=None)
        self.process.spawn([packages.redis_server(), config], cwd=folder)
        self.process.wait_until(self._ready, READY_SECONDS)

    def stop(self) -> bool:
        return self.process.stop()

    def _config(self, folder) -> str:
        return (
            f"bind 127.0.0.1\nport {self.state.port('redis')}\n"
            f"requirepass {self.state.password('redis')}\n"
            f'dir "{folder}"\n'
            # Cases of the tests that count what a server holds take one each.
            "databases 64\n"
            # One save point is enough for it to save on a polite stop, so data outlives a restart.
            "save 3600 1\nappendonly no\n"
        )

    def _ready(self) -> bool:
        """True once it answers PING; while it loads its data it answers -LOADING."""
        try:
            with socket.create_connection(("127.0.0.1", self.state.port("redis")), timeout=1) as server:
                server.sendall(f"AUTH {self.state.password('redis')}\r\nPING\r\nQUIT\r\n".encode())
                return b"+PONG" in server.makefile("rb").read()
        except OSError:
            return False
