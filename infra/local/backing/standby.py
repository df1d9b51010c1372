"""A standby of Postgres: a copy that goes on replaying what Postgres writes, and answers reads."""

import subprocess
from pathlib import Path

from . import packages
from .postgres import Postgres
from .process import Failed, as_user


class Standby(Postgres):
    name = "standby"

    def exports(self) -> dict:
        return {"DATABASE_READ_URL": self.url} if self.process.running() else {}

    def _make_cluster(self, data: Path) -> None:
        command = [packages.postgres_bin() / "pg_basebackup", "-D", data, "--dbname", self._url_of("postgres")]
        command += ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
        made = subprocess.run(command, capture_output=True, text=True, cwd=data.parent, **as_user(self.owner))
        if made.returncode != 0:
            raise Failed(f"pg_basebackup failed: does postgres run?\n{made.stdout}{made.stderr}")

    def _make_database(self) -> None:
        """It comes with the copy."""
