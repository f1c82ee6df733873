"""Connecting to the catalogue's database and bringing it to the newest schema."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError, SQLAlchemyError

from qlatent.errors import StoreError, UnavailableError
from qlatent.store.catalogue.schema import MIGRATIONS, known_revisions
from qlatent.store.disk import explained, unwritable

OPENING_SECONDS = 10.0
_BUSY_MILLISECONDS = 30_000
_RETRY_SECONDS = 0.02
_POSTGRES_LOCK = 0x716C6174  # "qlat": the advisory lock under which migrations and claims happen


def connect(url: str, *, patience: float = OPENING_SECONDS, keep_earlier: bool = True) -> Engine:
    """An engine for this address whose schema is the newest; see `migrate` for the errors.

    `patience` in seconds: how long to wait where somebody keeps an SQLite database to himself. `keep_earlier`: an
    SQLite database of an earlier schema is copied before it is changed.
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
            migrate(engine, keep_earlier=keep_earlier)
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


def migrate(engine: Engine, *, keep_earlier: bool = True) -> None:
    """Brings the schema to the newest revision; a database of a newer version is a `StoreError`.

    The usual case, nothing to do, costs one query: alembic is not even imported. An SQLite database that is not new is
    copied beside itself first, unless not `keep_earlier`; the error of a migration that fails names the copy.
    """
    newest = known_revisions()[-1]
    with engine.connect() as connection:
        if _revision(connection) == newest:
            return
    with writing(engine) as connection:
        lock(connection)
        before = _revision(connection)
        if before == newest:  # somebody else was faster
            return
        copy = _back_up(engine, before) if before is not None and keep_earlier else None
        try:
            _upgrade(connection)
        except SQLAlchemyError as err:
            if copy is None:
                raise
            raise StoreError(
                f"The catalogue could not be brought from schema {before} to {newest}: {str(err).splitlines()[0]}. "
                f"It is unchanged, and a copy of it is {copy}.",
                remedy="Open the workspace with the version that made it, and report this.",
            ) from err


def _back_up(engine: Engine, revision: str) -> Path | None:
    """Copies an SQLite database to `<name>-<revision>.db` beside it; None where the database is another.

    The caller holds the write lock, so nothing changes meanwhile. An older copy is of a migration that did not happen.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    path = Path(engine.url.database)
    copy = path.with_name(f"{path.stem}-{revision}{path.suffix}")
    temporary = copy.with_name(f".{copy.name}.tmp")
    temporary.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(temporary)) as target:
        source.backup(target)
    temporary.replace(copy)
    return copy


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
