"""A PostgreSQL of the tests' own, on a socket in a temporary folder, that can be stopped and started again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text


class Server:
    """One server; `url` is that of its database, for SQLAlchemy."""

    def __init__(self, control: str, folder: Path, user: str | None) -> None:
        self._control, self._folder, self._user = control, folder, user
        self.url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        self._call("init", "-o", "--auth=trust --username=postgres")

    def start(self) -> None:
        self._call("start", "-o", f"-F -k {self._folder} -c listen_addresses=")

    def stop(self) -> None:
        """Stop at once: whoever is connected loses the connection, and what was committed stays."""
        self._call("stop", "-m", "immediate")

    def _call(self, *arguments: object) -> None:
        folder = self._folder
        command = [self._control, "-D", folder / "data", "-l", folder / "log", "-w", *arguments]
        subprocess.run(
            list(map(str, command)), check=True, user=self._user, cwd="/", stdout=subprocess.DEVNULL
        )


@contextmanager
def serving() -> Iterator[Server]:
    """A server that runs until the block ends; skips the test with a message if PostgreSQL is not installed."""
    found = [shutil.which("pg_ctl"), *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")))]
    control = next(filter(None, found), None)
    if control is None:
        pytest.skip("no PostgreSQL on this machine: apt install postgresql")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="qlatent-"))  # the sockets of PostgreSQL need a short path
    if user:
        shutil.chown(folder, user)
    try:
        server = Server(control, folder, user)
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def emptied(url: str) -> str:
    """The URL, whose database has no tables now."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url
