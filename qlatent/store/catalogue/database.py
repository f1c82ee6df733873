"""Connecting to the catalogue's database and bringing it to the newest schema."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError

from qlatent.errors import StoreError, UnavailableError
from qlatent.store.catalogue.schema import MIGRATIONS, known_revisions
from qlatent.store.disk import explained, unwritable

OPENING_SECONDS = 10.0
_BUSY_MILLISECONDS = 30_000
_RETRY_SECONDS = 0.02
_POSTGRES_LOCK = 0x716C6174  # "qlat": the advisory lock under which migrations and claims happen


def connect(url: str, *, patience: float = OPENING_SECONDS) -> Engine:
    """An engine for this address whose schema is the newest; see `migrate` for the errors.

    `patience` in seconds: how long to wait where somebody keeps an SQLite database to himself.
    """
    try:
        engine = create_engine(url)
    except (ArgumentError, NoSuchModuleError) as err:
        raise StoreError(
            f"The database address cannot be used: {err}.",
            remedy="Set QLATENT_DATABASE_URL to something like postgresql+psycopg://user@host/name.",
        ) from err
    except ModuleNotFoundError as err:
        raise UnavailableError(
            f"The database driver {err.name} is not installed.", remedy=f"`pip install {err.name}`."
        ) from err
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_prepare_sqlite, patience=patience))
        event.listen(engine, "begin", _begin_sqlite)
    try:
        with database_errors(engine):
            migrate(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    """Turns what the person can do something about into a `StoreError`: full disk, read-only, unreachable."""
    place = Path(engine.url.database or ".").parent
    try:
        with explained("the catalogue", place):
            yield
    except DatabaseError as err:
        if type(err) not in (OperationalError, DatabaseError):  # what the code did wrong, not the world
            raise
        if (found := unwritable(place)) is not None and engine.dialect.name == "sqlite":
            raise found from err  # SQLite speaks of disk errors where there is no room for its bookkeeping
        address = make_url(engine.url).render_as_string(hide_password=True)
        raise StoreError(
            f"The catalogue {address} cannot be used: {str(err.orig).strip().splitlines()[0]}.",
            remedy="Check that the database is there, running and held by nobody else, or restore a copy.",
        ) from err


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; on SQLite it holds the lock from its first moment (BEGIN IMMEDIATE)."""
    with database_errors(engine), engine.execution_options(qlatent_write=True).begin() as connection:
        yield connection


def lock(connection: Connection) -> None:
    """Lets only one such transaction in at a time; SQLite's write lock does it already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})


def migrate(engine: Engine) -> None:
    """Brings the schema to the newest revision; a database of a newer version is a `StoreError`.

    The usual case, nothing to do, costs one query: alembic is not even imported.
    """
    newest = known_revisions()[-1]
    with engine.connect() as connection:
        if _revision(connection) == newest:
            return
    with writing(engine) as connection:
        lock(connection)
        if _revision(connection) != newest:  # nobody else was faster
            _upgrade(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is not None and revision not in known_revisions():
        raise StoreError(
            f"The catalogue has schema {revision}, made by a newer version; "
            f"this version knows up to {known_revisions()[-1]}.",
            remedy="Update qlatent, or choose another workspace.",
        )
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_sqlite(connection: Any, _record: Any, *, patience: float) -> None:
    # sqlite3 would begin transactions by itself, too late and not around table definitions
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(1000 * patience)}")
    _turn_to_wal(cursor, patience)
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _turn_to_wal(cursor: Any, patience: float = OPENING_SECONDS) -> None:
    """Turns a new database to WAL; SQLite does not wait for a second process that does so at the same moment."""
    deadline = time.monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as err:
            if "locked" not in str(err) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("qlatent_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
