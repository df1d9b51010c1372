"""Postgres: a cluster of its own with the user and the database `hark`, over TCP only."""

import os
import signal
import subprocess
from pathlib import Path

from . import packages
from .process import Failed, as_user, end_all_in
from .state import State, owner_of, write_private

READY_SECONDS = 60


class Postgres:
    name = "postgres"

    def __init__(self, state: State):
        self.state = state
        self.process = state.process(self.name)
        self.owner = owner_of(self.name)

    @property
    def url(self) -> str:
        return self._url_of(self.name)

    def exports(self) -> dict:
        return {"DATABASE_URL": self.url}

    def start(self) -> None:
        data = self.state.folder(self.name) / "data"
        if not (data / "PG_VERSION").exists():
            self._make_cluster(data)
        self.process.stop()
        # What a killed server leaves: its sessions, each a group of its own, notice its death only when they next
        # wait, and as long as one of them holds the shared memory no other server starts on this data.
        end_all_in(data)
        # And this, which Postgres removes itself unless the pid in it is still a zombie.
        (data / "postmaster.pid").unlink(missing_ok=True)
        self.process.spawn(self._command(data), owner=self.owner, cwd=data)
        self.process.wait_until(lambda: self._query("template1", "select 1") == "1", READY_SECONDS)
        self._make_database()

    def stop(self) -> bool:
        # SIGINT is the fast stop: it ends sessions, where SIGTERM would wait for them.
        return self.process.stop(signal.SIGINT)

    def _command(self, data: Path) -> list:
        # Off, the data outlives a killed server but not a power cut. Tests make and drop a database per case,
        # which is most of their time while each waits for the disk.
        fsync = os.environ.get("SERVICES_FSYNC") or "on"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.state.port(self.name),
            # A socket file could not be made under a long path, and nobody needs it.
            "unix_socket_directories": "",
            "max_connections": 200,
            "fsync": fsync,
            "full_page_writes": fsync,
            # Tests count the statements of the live path.
            "shared_preload_libraries": "pg_stat_statements",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        return [packages.postgres_bin() / "postgres", "-D", data, *options]

    def _make_cluster(self, data: Path) -> None:
        password = data.parent / "password"
        write_private(password, self.state.password("postgres"), self.owner)
        command = [packages.postgres_bin() / "initdb", "-D", data, "--username=hark", "--auth=scram-sha-256"]
        command += ["--pwfile", password, "--encoding=UTF8", "--locale=C.UTF-8"]
        made = subprocess.run(command, capture_output=True, text=True, cwd=data.parent, **as_user(self.owner))
        password.unlink()
        if made.returncode != 0:
            raise Failed(f"initdb failed\n{made.stdout}{made.stderr}")

    def _make_database(self) -> None:
        """Makes the database once. The extension goes into the template, so every database has it."""
        if self._query("template1", "select 1 from pg_database where datname = 'hark'") == "1":
            return
        for statement in ("create extension if not exists pg_stat_statements", "create database hark"):
            if self._query("template1", statement) is None:
                raise Failed(f"`{statement}` failed: see {self.process.log}")

    def _url_of(self, name: str) -> str:
        return f"postgres://hark:{self.state.password('postgres')}@127.0.0.1:{self.state.port(name)}/hark"

    def _query(self, database: str, sql: str) -> str | None:
        """What `sql` gives as text; None when it fails or nobody answers."""
        command = [packages.postgres_bin() / "psql", "-h", "127.0.0.1", "-p", str(self.state.port(self.name))]
        command += ["-U", "hark", "-d", database, "-XtAc", sql]
        env = {**os.environ, "PGPASSWORD": self.state.password("postgres"), "PGCONNECT_TIMEOUT": "5"}
        answer = subprocess.run(command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return answer.stdout.strip() if answer.returncode == 0 else None
