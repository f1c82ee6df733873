"""The catalogue's database as the catalogue uses it: what cannot be written any more can still be read.

SQLite needs room and the right to write even for reading (it keeps its bookkeeping of readers beside the database).
Where a disk is full, a folder read-only or the database locked, a copy elsewhere is read instead, while that lasts.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, make_url
from sqlalchemy.exc import ArgumentError

from qlatent.errors import StoreError
from qlatent.store import disk
from qlatent.store.catalogue import database

_RETRY_SECONDS = 5.0  # between two looks whether the database itself can be used again
_SHORT_SECONDS = 0.2  # how long such a look may take
_COPIES = 5  # attempts to copy a database that somebody is writing
_ROOMS = (None, "/dev/shm")  # where a copy may be made: the folder for temporary files may be full as well


class Database:
    """One database, opened and brought to the newest schema when this is made; see `database.connect`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._copy: _Copy | None = None
        self._why: StoreError | None = None  # why only a copy can be read
        self._looked = 0.0
        self._open(database.OPENING_SECONDS)

    @property
    def problem(self) -> str:
        """Why the database can only be read, in a sentence; "" where it can be written."""
        return self._why.message if self._why is not None else ""

    def close(self) -> None:
        """Gives back every connection."""
        for each in (self._engine, self._copy):
            if each is not None:
                each.dispose()

    def rows(self, query: Any) -> list[Row[Any]]:
        """All rows of a query."""
        if self._copy is not None and time.monotonic() - self._looked > _RETRY_SECONDS:
            self._open(_SHORT_SECONDS)
        if self._engine is not None:
            try:
                return _rows(self._engine, query)
            except StoreError as err:
                self._fall_back(err)
        assert self._copy is not None
        return _rows(self._copy.engine(), query)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes and lets nobody else in; a `StoreError` says why there can be none."""
        if self._engine is None:
            self._open(_SHORT_SECONDS)
        if self._engine is None:
            assert self._why is not None
            raise self._why
        with database.writing(self._engine) as connection:
            database.lock(connection)
            yield connection

    def _open(self, patience: float) -> None:
        self._looked = time.monotonic()
        try:
            engine = database.connect(self._url, patience=patience)
        except StoreError as err:
            if self._copy is None:
                self._fall_back(err)
            return
        if self._copy is not None:
            self._copy.dispose()
        self._engine, self._copy, self._why = engine, None, None

    def _fall_back(self, err: StoreError) -> None:
        """Reads a copy from now on; where there can be none, or it is no better, the error is raised."""
        path = _sqlite_file(self._url)
        if path is None:
            raise err
        try:
            copy = _Copy(path)
            copy.engine()
        except (StoreError, OSError):
            raise err from None
        if self._engine is not None:
            self._engine.dispose()
        self._engine, self._copy, self._why = None, copy, _named(err, path.parent)


class _Copy:
    """A copy of an SQLite database with its write-ahead log; made anew when the database has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamps: list[tuple[int, int]] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        """The copy as it is now; a `StoreError` if it is no database that this version reads."""
        if self._engine is None or self._stamps != self._now():
            self.dispose()
            self._folder = self._made()
            try:
                self._engine = database.connect(
                    f"sqlite:///{Path(self._folder.name, self._path.name)}", keep_earlier=False
                )
            except BaseException:
                self.dispose()
                raise
        return self._engine

    def dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
        if self._folder is not None:
            self._folder.cleanup()
        self._engine = self._folder = None

    def _made(self) -> tempfile.TemporaryDirectory[str]:
        for room in _ROOMS:
            folder = tempfile.TemporaryDirectory(prefix="qlatent-catalogue-", dir=room)
            try:
                self._fill(Path(folder.name))
                return folder
            except OSError:
                folder.cleanup()
                if room == _ROOMS[-1]:
                    raise
        raise AssertionError

    def _fill(self, folder: Path) -> None:
        for _ in range(_COPIES):  # until nobody has written meanwhile
            self._stamps = self._now()
            for file in self._files():
                if file.is_file():
                    shutil.copyfile(file, folder / file.name)
            if self._now() == self._stamps:
                return

    def _files(self) -> list[Path]:
        return [self._path, self._path.with_name(f"{self._path.name}-wal")]

    def _now(self) -> list[tuple[int, int]]:
        found = [file.stat() for file in self._files() if file.is_file()]
        return [(each.st_mtime_ns, each.st_size) for each in found]


def _sqlite_file(url: str) -> Path | None:
    try:
        made = make_url(url)
    except ArgumentError:
        return None
    path = Path(made.database or "")
    return path if made.get_backend_name() == "sqlite" and path.is_file() else None


def _rows(engine: Engine, query: Any) -> list[Row[Any]]:
    with database.database_errors(engine), engine.connect() as connection:
        return list(connection.execute(query).all())


def _named(err: StoreError, folder: Path) -> StoreError:
    """The error with the state of the disk in place of what SQLite makes of it."""
    found = disk.unwritable(folder)
    return found if found is not None else err
