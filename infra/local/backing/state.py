"""Where the services live, on which ports, with which passwords: kept from start to start."""

import fcntl
import json
import os
import pwd
import random
import secrets
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from .process import Process, as_user

PORTS = ("redis", "postgres", "standby", "amqp", "distribution", "epmd")
PASSWORDS = ("redis", "postgres", "rabbitmq")
# Users of the Debian packages, by service. Postgres refuses to run as root, and RabbitMQ should not.
OWNERS = {"postgres": "postgres", "standby": "postgres", "rabbitmq": "rabbitmq"}


class State:
    """The state kept under `root`; `home` holds the services' data and logs."""

    def __init__(self, root: Path):
        self.root = root
        self._file = root / "state.json"
        self._kept = json.loads(self._file.read_text()) if self._file.exists() else None

    @property
    def exists(self) -> bool:
        return self._kept is not None

    @property
    def home(self) -> Path:
        return Path(self._kept["home"])

    def port(self, name: str) -> int:
        return self._kept["ports"][name]

    def password(self, name: str) -> str:
        return self._kept["passwords"][name]

    def lock(self):
        """Held until the returned file is closed: one `services` command at a time."""
        self.root.mkdir(parents=True, exist_ok=True)
        lock = (self.root / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        return lock

    def make(self) -> None:
        """Makes the state on the first start, again when its home is gone (an emptied /tmp), and what it lacks."""
        if not self.exists or not self.home.is_dir():
            self._kept = {
                "home": str(_reachable_home(self.root)),
                "ports": {},
                "passwords": {name: secrets.token_hex(16) for name in PASSWORDS},
            }
        if not (lacking := [name for name in PORTS if name not in self._kept["ports"]]):
            return
        self._kept["ports"] |= dict(zip(lacking, _free_ports(len(lacking))))
        self._file.touch(mode=0o600)
        self._file.write_text(json.dumps(self._kept, indent=2))

    def folder(self, name: str) -> Path:
        """The service's own folder, made if missing, owned by the user that runs the service."""
        folder = self.home / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if owner := owner_of(name):
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        return folder

    def process(self, name: str) -> Process:
        return Process(self.root / f"{name}.pid", self.home / f"{name}.log")

    def wipe(self, names: list) -> None:
        """Removes the data of the services `names`; of all of them, the ports and passwords too."""
        for name in names:
            shutil.rmtree(self.home / name, ignore_errors=True)
        if set(names) >= set(PASSWORDS):
            for name in (*PASSWORDS, "standby", "epmd"):
                (self.home / f"{name}.log").unlink(missing_ok=True)
            if self.home != self.root:
                self.home.rmdir()
            self._file.unlink()


def owner_of(service: str):
    """The `pwd` entry of the user that runs `service`; None is oneself, as for whoever isn't root."""
    if os.geteuid() != 0 or service not in OWNERS:
        return None
    return pwd.getpwnam(OWNERS[service])


def write_private(path: Path, text: str, owner, mode: int = 0o600) -> None:
    """Writes a file that only `owner` (None: oneself) can read; it holds a password or a cookie."""
    path.touch(mode=mode)
    if owner:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    path.write_text(text)


def _port_is_free(port: int) -> bool:
    """True when a server could listen on `port` of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_ports(count: int) -> list:
    """Free ports below the range of outgoing connections, one of which could else take the port of a
    service while it is stopped."""
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    candidates = random.sample(range(10_000, max(first_outgoing, 20_000)), 500)
    free = [port for port in candidates if _port_is_free(port)]
    return free[:count]


def _reachable_home(root: Path) -> Path:
    """`root`, or a fresh folder of /tmp when a service's user cannot get to `root`."""
    if all(_can_enter(owner_of(name), root) for name in OWNERS):
        return root
    home = Path(tempfile.mkdtemp(prefix="hark-services-", dir="/tmp"))
    home.chmod(0o755)
    return home


def _can_enter(owner, folder: Path) -> bool:
    return subprocess.run(["test", "-x", folder], cwd="/", **as_user(owner)).returncode == 0
