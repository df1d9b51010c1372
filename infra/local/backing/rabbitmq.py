"""RabbitMQ: a node of its own with its own epmd, and two scripts that reach it: `rabbitmqctl` and, faster
by far, `rabbitmq-eval`."""

import shlex
import socket
from pathlib import Path

from . import packages
from .state import State, owner_of, write_private

READY_SECONDS = 120
# Named `localhost` so that it starts on a machine whose own name doesn't resolve.
NODE = "hark@localhost"


class RabbitMq:
    name = "rabbitmq"

    def __init__(self, state: State):
        self.state = state
        self.process = state.process(self.name)
        self.epmd = state.process("epmd")
        self.owner = owner_of(self.name)

    @property
    def url(self) -> str:
        # %2f names the virtual host "/": without it some clients read the empty name.
        return f"amqp://hark:{self.state.password('rabbitmq')}@127.0.0.1:{self.state.port('amqp')}/%2f"

    def exports(self) -> dict:
        home = self._home()
        return {
            "RABBITMQ_URL": self.url,
            "RABBITMQCTL": str(home / "rabbitmqctl"),
            "RABBITMQ_EVAL": str(home / "rabbitmq-eval"),
        }

    def start(self) -> None:
        folder = self.state.folder(self.name)
        write_private(folder / "rabbitmq.conf", self._config(), self.owner)
        write_private(folder / "enabled_plugins", "[].\n", self.owner)
        # An empty one of our own, so that /etc/rabbitmq/rabbitmq-env.conf isn't read.
        write_private(folder / "rabbitmq-env.conf", "", self.owner)
        self._write_script("rabbitmqctl", packages.rabbitmq("rabbitmqctl"), '"$@"')
        # The node evaluates what it reads, in milliseconds, where rabbitmqctl starts an Erlang of its own.
        # Named by its pid, since the node refuses a second caller of the same name.
        self._write_script("rabbitmq-eval", packages.erl_call(), f"-h eval$$ -sname {NODE} -timeout 60 -e")
        self._start_epmd(folder)
        env = self._environment(folder)
        self.process.spawn([packages.rabbitmq("rabbitmq-server")], owner=self.owner, env=env, cwd=folder)
        self.process.wait_until(self._ready, READY_SECONDS)

    def stop(self) -> bool:
        stopped = self.process.stop()
        self.epmd.stop()
        return stopped

    def _start_epmd(self, folder: Path) -> None:
        """Runs the port mapper as our own child: the one that Erlang starts by itself would outlive it."""
        if self.epmd.running():
            return
        self.epmd.spawn(
            [packages.epmd(), "-address", "127.0.0.1", "-port", self.state.port("epmd")],
            owner=self.owner,
            cwd=folder,
        )
        self.epmd.wait_until(lambda: _listens(self.state.port("epmd")), READY_SECONDS)

    def _config(self) -> str:
        return (
            f"listeners.tcp.1 = 127.0.0.1:{self.state.port('amqp')}\n"
            # Made on the first boot in place of guest.
            f"default_user = hark\ndefault_pass = {self.state.password('rabbitmq')}\n"
            # The default, a share of memory, would block publishers on a nearly full disk.
            "disk_free_limit.absolute = 50MB\n"
            "log.console = true\nlog.console.level = info\nlog.file = false\n"
        )

    def _environment(self, folder: Path) -> dict:
        """The whole environment of the node and of rabbitmqctl. Erlang keeps its cookie in HOME."""
        return {
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self.state.port("epmd")),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_DIST_PORT": str(self.state.port("distribution")),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "feature_flags"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CTL_ERL_ARGS": "-start_epmd false",
        }

    def _home(self) -> Path:
        return self.state.home / self.name

    def _write_script(self, name: str, program: Path, arguments: str) -> None:
        """Debian's own rabbitmqctl changes user and drops the environment: these keep to our node."""
        environment = self._environment(self._home())
        lines = [f"export {key}={shlex.quote(value)}" for key, value in environment.items()]
        lines.append(f"exec {shlex.quote(str(program))} {arguments}")
        write_private(self._home() / name, "\n".join(["#!/bin/sh", *lines, ""]), self.owner, mode=0o700)

    def _ready(self) -> bool:
        """True once it answers the protocol header with Connection.Start (class 10, method 10)."""
        try:
            with socket.create_connection(("127.0.0.1", self.state.port("amqp")), timeout=5) as server:
                server.sendall(b"AMQP\x00\x00\x09\x01")
                frame = server.makefile("rb").read(11)
                return frame[:1] == b"\x01" and frame[7:] == b"\x00\x0a\x00\x0a"
        except OSError:
            return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False
