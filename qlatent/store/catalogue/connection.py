"""The catalogue's database connection, which falls back to reading a copy when the database cannot be written.

SQLite needs disk space and write permission even for reading, since it keeps its list of readers beside the database.
While the disk is full, the folder read-only or the database locked, a copy elsewhere is read instead.
"""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, make_url
from sqlalchemy.exc import ArgumentError

from qlatent.errors import StoreError
from qlatent.store import disk
from qlatent.store.catalogue import database

_RETRY_SECONDS = 5.0  # between two attempts to use the database itself again
_SHORT_SECONDS = 0.2  # timeout of such an attempt
_TURN_SECONDS = 30.0  # to wait for another thread that writes, and then for the database
_COPIES = 5  # attempts to copy a database while others write to it
_ROOMS = (None, "/dev/shm")  # places for a copy; the temporary directory may be full as well


class Database:
    """One database, opened and migrated to the newest schema on creation; see `database.connect`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._end: weakref.finalize[..., Database] | None = None  # closes the engine with the object
        self._copy: _Copy | None = None
        self._why: StoreError | None = None  # the reason for reading a copy
        self._looked = 0.0
        self._turn = threading.Lock()
        self._open(database.OPENING_SECONDS)

    @property
    def problem(self) -> str:
        """The reason why the database is read-only, as a sentence; "" if it can be written."""
        return self._why.message if self._why is not None else ""

    def close(self) -> None:
        """Close all connections."""
        for each in (self._engine, self._copy):
            if each is not None:
                each.dispose()

    def rows(self, query: Any) -> list[Row[Any]]:
        """All result rows of a query."""
        if self._copy is not None and time.monotonic() - self._looked > _RETRY_SECONDS:
            self._open(_SHORT_SECONDS)
        if self._engine is not None:
            try:
                return _rows(self._engine, query)
            except StoreError as err:
                self._fall_back(err)
        assert self._copy is not None
        return _rows(self._copy.engine(), query)

    def stream(self, query: Any) -> Iterator[Any]:
        """The result rows of a query one after another, of which only some thousand are in memory at once."""
        engine = self._engine
        if engine is None:
            assert self._copy is not None
            engine = self._copy.engine()
        with database.database_errors(engine), engine.connect() as connection:
            yield from connection.execution_options(yield_per=10_000).execute(query)

    @contextmanager
    def writing(self, *, alone: bool = True) -> Iterator[Connection]:
        """A write transaction; raises `StoreError` with the reason if there can be none.

        `alone`: no other such transaction at the same time. Otherwise, on PostgreSQL, only rows are locked, by
        `with_for_update`: those that the transaction reads in order to change them, in the order of their keys.
        SQLite has one writer at a time in any case; the threads of this process take turns, so that fewer connections
        wait for the database, which lets none go first.
        """
        turn = self._in_turn() if alone or self._url.startswith("sqlite") else nullcontext()
        with turn, database.writing(self._writable()) as connection:
            if alone:
                database.lock(connection)
            yield connection

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        waited = self._turn.acquire(timeout=_TURN_SECONDS)
        try:
            yield
        finally:
            if waited:
                self._turn.release()

    def _writable(self) -> Engine:
        if self._engine is None:
            self._open(_SHORT_SECONDS)
        if self._engine is None:
            assert self._why is not None
            raise self._why
        return self._engine

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
        if self._end is not None:
            self._end.detach()  # of an engine that was disposed of
        self._end = weakref.finalize(self, engine.dispose)
        self._engine, self._copy, self._why = engine, None, None

    def _fall_back(self, err: StoreError) -> None:
        """Read a copy from now on; raises the error if no copy can be made or read."""
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
    """A copy of an SQLite database with its write-ahead log, renewed when the database has changed.

    It is deleted by `dispose`, with the object, or at the end of the process, whichever comes first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamps: list[tuple[int, int]] = []
        self._discard: weakref.finalize[..., _Copy] | None = None
        self._engine: Engine | None = None

    def engine(self) -> Engine:
        """An engine for the up-to-date copy; a database that this version cannot read raises `StoreError`."""
        if self._engine is None or self._stamps != self._now():
            self.dispose()
            folder = self._made()
            try:
                self._engine = database.connect(f"sqlite:///{folder / self._path.name}", keep_earlier=False)
            except BaseException:
                _delete(folder)
                raise
            self._discard = weakref.finalize(self, _discard, self._engine, folder)
        return self._engine

    def dispose(self) -> None:
        if self._discard is not None:
            self._discard()
        self._engine = self._discard = None

    def _made(self) -> Path:
        for room in _ROOMS:
            folder = Path(tempfile.mkdtemp(prefix="qlatent-catalogue-", dir=room))
            try:
                self._fill(folder)
                return folder
            except OSError:
                _delete(folder)
                if room == _ROOMS[-1]:
                    raise
        raise AssertionError

    def _fill(self, folder: Path) -> None:
        for _ in range(_COPIES):  # until no writes happen during the copy
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


def _discard(engine: Engine, folder: Path) -> None:
    engine.dispose()  # first, since a file in use cannot be deleted on Windows
    _delete(folder)


def _delete(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _sqlite_file(url: str) -> Path | None:
    try:
        made = make_url(url)
    except ArgumentError:
        return None
    path = Path(made.database or "")
    return path if made.get_backend_name() == "sqlite" and path.is_file() else None


def _rows(engine: Engine, query: Any) -> list[Row[Any]]:
    """The rows of a query, asked a second time where the connection turned out to be from before a server's restart."""
    try:
        return _read(engine, query)
    except StoreError as err:
        if not getattr(err.__cause__, "connection_invalidated", False):
            raise
        return _read(engine, query)


def _read(engine: Engine, query: Any) -> list[Row[Any]]:
    with database.reading(engine) as connection:
        return list(connection.execute(query).all())


def _named(err: StoreError, folder: Path) -> StoreError:
    """The error with the state of the disk instead of SQLite's message."""
    found = disk.unwritable(folder)
    return found if found is not None else err
