"""Connect to the catalogue's database and migrate it to the newest schema."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    InvalidatePoolError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from qlatent.errors import StoreError, UnavailableError
from qlatent.store.catalogue.schema import MIGRATIONS, known_revisions
from qlatent.store.disk import explained, unwritable

OPENING_SECONDS = 10.0
CONNECTING_SECONDS = 10
_BUSY_MILLISECONDS = 30_000  # to wait for others who write
_IDLE_SECONDS = 1.0  # after which a connection is tried before it is used
_CONNECTIONS = 10  # of a process that stay open
_RETRY_SECONDS = 0.02
_POSTGRES_LOCK = 0x716C6174  # "qlat": the advisory lock of transactions that are alone


def connect(url: str, *, patience: float = OPENING_SECONDS, keep_earlier: bool = True) -> Engine:
    """An engine for this URL, migrated to the newest schema; see `migrate` for the errors.

    `patience`: seconds to wait for a locked SQLite database. `keep_earlier`: copy an SQLite database of an earlier
    schema before migrating it.
    """
    try:
        engine = create_engine(url, **_options(url))
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
    else:
        event.listen(engine, "checkin", _put_down)
        event.listen(engine, "checkout", partial(_tried, dialect=engine.dialect))
    try:
        with database_errors(engine):
            migrate(engine, keep_earlier=keep_earlier)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _options(url: str) -> dict[str, Any]:
    """How PostgreSQL is connected to; what the address says itself is left as it is."""
    made = make_url(url)
    if made.get_backend_name() != "postgresql":
        return {}
    usual = {"connect_timeout": CONNECTING_SECONDS, "options": f"-c lock_timeout={_BUSY_MILLISECONDS}"}
    return {
        "pool_size": _CONNECTIONS,
        "pool_use_lifo": True,  # the one put down last need not be tried
        "connect_args": {key: value for key, value in usual.items() if key not in made.query},
    }


@contextmanager
def database_errors(engine: Engine) -> Iterator[None]:
    """Convert database errors that the user can fix into `StoreError`: full disk, read-only, unreachable."""
    place = Path(engine.url.database or ".").parent
    try:
        with explained("the catalogue", place):
            yield
    except TimeoutError as err:
        raise StoreError(
            "The catalogue is too busy at present: all its connections are in use.", remedy="Try again."
        ) from err
    except DatabaseError as err:
        if type(err) not in (OperationalError, DatabaseError):  # a bug, not a problem of the environment
            raise
        if (found := unwritable(place)) is not None and engine.dialect.name == "sqlite":
            raise found from err  # SQLite reports disk errors if there is no space for its bookkeeping
        address = make_url(engine.url).render_as_string(hide_password=True)
        raise StoreError(
            f"The catalogue {address} cannot be used: {str(err.orig).strip().splitlines()[0]}.",
            remedy="Check that the database exists, is running and is not locked, or restore a copy.",
        ) from err


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection for one query; on PostgreSQL without a transaction, whose begin and end are two more messages."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="AUTOCOMMIT")
    with database_errors(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction; on SQLite it holds the lock from its start (BEGIN IMMEDIATE)."""
    with database_errors(engine), engine.execution_options(qlatent_write=True).begin() as connection:
        yield connection


def count_anew(connection: Connection, table: str) -> None:
    """Tell PostgreSQL how many rows a table has by now; until it finds out, it sorts a whole queue for each case."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f'ANALYZE "{table}"'))


def lock(connection: Connection) -> None:
    """Make the transaction exclusive; on SQLite the write lock already does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})


def migrate(engine: Engine, *, keep_earlier: bool = True) -> None:
    """Migrate the schema to the newest revision; a database of a newer version raises `StoreError`.

    Without a migration this costs one query, and alembic is not imported. With `keep_earlier`, an existing SQLite
    database is copied beside itself first; the error of a failed migration names the copy.
    """
    newest = known_revisions()[-1]
    with engine.connect() as connection:
        if _revision(connection) == newest:
            return
    with writing(engine) as connection:
        lock(connection)
        before = _revision(connection)
        if before == newest:  # another process has migrated it
            return
        copy = _back_up(engine, before) if before is not None and keep_earlier else None
        try:
            _upgrade(connection)
        except SQLAlchemyError as err:
            if copy is None:
                raise
            raise StoreError(
                f"The catalogue could not be migrated from schema {before} to {newest}: {str(err).splitlines()[0]}. "
                f"It is unchanged, and a copy of it is {copy}.",
                remedy="Open the workspace with the version that made it, and report this.",
            ) from err


def _back_up(engine: Engine, revision: str) -> Path | None:
    """Copy an SQLite database to `<name>-<revision>.db` beside it; None for other databases.

    The caller holds the write lock, so the database does not change. An older copy is from a failed migration.
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
    # sqlite3 would begin transactions itself, too late and not around table definitions
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(1000 * patience)}")
    _turn_to_wal(cursor, patience)
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _turn_to_wal(cursor: Any, patience: float = OPENING_SECONDS) -> None:
    """Switch a new database to WAL, with retries, since SQLite does not wait for another process that does so too."""
    deadline = time.monotonic() + patience
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as err:
            if "locked" not in str(err) or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


def _put_down(_connection: Any, record: Any) -> None:
    record.info["put_down"] = time.monotonic()


def _tried(connection: Any, record: Any, _proxy: Any, *, dialect: Dialect) -> None:
    """Try a connection that nobody used for a moment, since the server may have restarted meanwhile."""
    if time.monotonic() - record.info.get("put_down", math.inf) < _IDLE_SECONDS:
        return
    assert dialect.loaded_dbapi is not None
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as err:
        raise InvalidatePoolError from err  # the pool connects anew


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("qlatent_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
