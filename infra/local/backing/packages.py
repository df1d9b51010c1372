"""The Debian packages of the services: found, or installed when that is possible."""

import os
import shutil
import subprocess
from pathlib import Path

from .process import Failed

PACKAGES = ("redis-server", "rabbitmq-server", "postgresql")
POLICY = Path("/usr/sbin/policy-rc.d")


def redis_server() -> Path | None:
    return _which("redis-server")


def epmd() -> Path | None:
    return _which("epmd")


def rabbitmq(program: str) -> Path | None:
    """RabbitMQ's own script; Debian's wrapper in /usr/sbin of the same name drops the environment."""
    script = Path("/usr/lib/rabbitmq/bin") / program
    return script if script.exists() else _which(program)


def erl_call() -> Path:
    """Erlang's own program that talks to a running node, in the package that RabbitMQ runs on."""
    return _which("erl_call") or Path("/usr/lib/erlang/bin/erl_call")


def postgres_bin() -> Path | None:
    """The folder of the newest Postgres server; Debian keeps it off the PATH."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    server = versions[-1] if versions else _which("postgres")
    return server.parent if server else None


def missing() -> list:
    """The packages whose programs aren't there."""
    found = (redis_server(), rabbitmq("rabbitmq-server"), postgres_bin())
    return [package for package, program in zip(PACKAGES, found) if program is None]


def ensure(log: Path, say) -> None:
    """Installs what is missing. Raises `Failed`, saying what to install, when it may not."""
    if not (wanted := missing()):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Failed(f"missing: {', '.join(wanted)}\ninstall with: sudo apt-get install -y {' '.join(wanted)}")
    say(f"installing {', '.join(wanted)}")
    made_policy = _forbid_daemons()
    try:
        _apt(["update", "-qq"], log)
        _apt(["install", "-y", "-qq", "--no-install-recommends", *wanted], log)
    finally:
        if made_policy:
            POLICY.unlink()
    if still := missing():
        raise Failed(f"installed, but not found: {', '.join(still)}; see {log}")


def _forbid_daemons() -> bool:
    """Keeps Debian from starting each server as it is installed. False: the machine has its own policy."""
    if POLICY.exists():
        return False
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    return True


def _apt(arguments: list, log: Path) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Another apt may be at work, as on a machine that has just been made.
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=120", *arguments]
    with log.open("ab") as output:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    if done.returncode != 0:
        raise Failed(f"apt-get {arguments[0]} failed: see {log}\n{log.read_text(errors='replace')[-2000:]}")


def _which(program: str) -> Path | None:
    found = shutil.which(program)
    return Path(found) if found else None
