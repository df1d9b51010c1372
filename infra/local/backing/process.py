"""One background process, known again in a later run by its pid and its start time."""

import contextlib
import json
import os
import resource
import signal
import subprocess
import time
from pathlib import Path

STOP_SECONDS = 30
TAIL_LINES = 25


class Failed(Exception):
    """A service could not be started or stopped; the text is for people."""


class Process:
    """A process whose record is `record` and whose output goes to `log`."""

    def __init__(self, record: Path, log: Path):
        self.record = record
        self.log = log

    def running(self) -> bool:
        """True while the recorded process lives; a pid that another program got since doesn't count."""
        known = self._known()
        return known is not None and _identity(known["pid"]) == known["identity"]

    def spawn(self, command: list, owner=None, env: dict | None = None, cwd: Path | None = None) -> None:
        """Starts `command` in a session of its own, so that Ctrl-C in a terminal doesn't reach it."""
        self.stop()
        _raise_open_file_limit()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                **as_user(owner),
            )
        self.record.write_text(json.dumps({"pid": child.pid, "identity": _identity(child.pid)}))

    def wait_until(self, ready, seconds: float) -> None:
        """Asks `ready()` until it says yes. Raises `Failed` with the log's end on death or time out."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running():
                raise Failed(f"it ended while starting\n{self._tail()}")
            if time.monotonic() > deadline:
                raise Failed(f"not ready within {seconds:.0f} s\n{self._tail()}")
            time.sleep(0.05)

    def stop(self, polite=signal.SIGTERM) -> bool:
        """Ends the process and waits for it; after `STOP_SECONDS` by force. False: it was not running."""
        if not self.running():
            self._end_orphans()
            self.record.unlink(missing_ok=True)
            return False
        pid = self._known()["pid"]
        os.kill(pid, polite)
        if not self._gone_within(STOP_SECONDS):
            # Its session is its own, so the group holds its children and nobody else's.
            os.killpg(pid, signal.SIGKILL)
            self._gone_within(STOP_SECONDS)
        self.record.unlink(missing_ok=True)
        return True

    def _known(self) -> dict | None:
        try:
            return json.loads(self.record.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _end_orphans(self) -> None:
        """Ends children that outlived a killed process: while they live, nobody else gets its group id."""
        known = self._known()
        if known and _identity(known["pid"]) is None and known["identity"].startswith(_boot()):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(known["pid"], signal.SIGKILL)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join([f"the end of {self.log}:", *(f"  {line}" for line in lines[-TAIL_LINES:])])


def as_user(owner) -> dict:
    """The arguments that make `subprocess` run as `owner` (a `pwd` entry); none stays oneself."""
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def end_all_in(folder: Path) -> None:
    """Ends by force every process that works in `folder`, and waits until none does."""
    while found := [pid for pid in _pids() if _works_in(pid, folder)]:
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _pids() -> list:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _works_in(pid: int, folder: Path) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder)
    except OSError:
        # It is gone, a zombie, or somebody else's.
        return False


def _identity(pid: int) -> str | None:
    """The boot and the tick in which `pid` began; None when it is gone or a zombie nobody has reaped."""
    try:
        # The name in brackets may hold spaces: the fields are counted from its end.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else f"{_boot()}:{fields[19]}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _raise_open_file_limit() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
