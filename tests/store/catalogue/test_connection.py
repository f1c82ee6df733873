"""A catalogue that cannot be written can still be read."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from qlatent.errors import StoreError
from qlatent.store.catalogue import connection, database
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import DatasetRecord


def record(name: str) -> DatasetRecord:
    return DatasetRecord(name, name.title(), "files", 1.0, 3)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue with one dataset, in its own folder, with short timeouts."""
    monkeypatch.setattr(database, "OPENING_SECONDS", 0.1)
    monkeypatch.setattr(connection, "_SHORT_SECONDS", 0.05)
    monkeypatch.setattr(connection, "_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 100)
    (tmp_path / "w").mkdir()
    made = Catalogue(f"sqlite:///{tmp_path / 'w' / 'catalogue.db'}")
    made.add_dataset(record("first"))
    made.close()
    return tmp_path / "w" / "catalogue.db"


@pytest.fixture
def locked(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that holds an exclusive lock on the database."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def names(catalogue: Catalogue) -> list[str]:
    return [each.id for each in catalogue.datasets()]


def test_a_locked_catalogue_is_read_and_says_so(path: Path, locked: sqlite3.Connection) -> None:
    catalogue = Catalogue(f"sqlite:///{path}")
    assert names(catalogue) == ["first"]
    assert "locked" in catalogue.problem
    with pytest.raises(StoreError, match="locked"):
        catalogue.add_dataset(record("second"))
    locked.execute("ROLLBACK")
    locked.close()
    catalogue.add_dataset(record("second"))  # without being opened anew
    assert catalogue.problem == ""
    assert names(catalogue) == ["first", "second"]
    catalogue.close()


def test_a_catalogue_that_is_locked_later_can_still_be_read(path: Path) -> None:
    catalogue = Catalogue(f"sqlite:///{path}")
    assert names(catalogue) == ["first"]
    catalogue.close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    assert names(catalogue) == ["first"]
    assert "locked" in catalogue.problem
    other.close()
    assert names(catalogue) == ["first"]
    assert catalogue.problem == ""
    catalogue.close()


def refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Keep SQLite from creating files beside this database, as on a full disk; returns a function to end that."""
    prepare = database._prepare_sqlite

    def without_room(opened: sqlite3.Connection, *arguments: object, **named: float) -> None:
        if opened.execute("PRAGMA database_list").fetchone()[2] == str(path):
            raise sqlite3.OperationalError("disk I/O error")
        prepare(opened, *arguments, **named)

    monkeypatch.setattr(database, "_prepare_sqlite", without_room)
    return lambda: monkeypatch.setattr(database, "_prepare_sqlite", prepare)


def test_a_catalogue_without_room_is_read_with_what_its_log_holds(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = Catalogue(f"sqlite:///{path}")
    writer.add_dataset(record("second"))  # stands in the write-ahead log alone
    room_again = refused(path, monkeypatch)
    reader = Catalogue(f"sqlite:///{path}")
    assert names(reader) == ["first", "second"]
    assert "disk I/O error" in reader.problem
    writer.add_dataset(record("third"))
    assert names(reader) == ["first", "second", "third"]
    with pytest.raises(StoreError, match="disk I/O error"):
        reader.remove_dataset("first")
    room_again()
    reader.remove_dataset("first")
    assert names(writer) == ["second", "third"]
    reader.close()
    writer.close()


def test_the_disk_is_named_where_it_is_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(path, monkeypatch)
    monkeypatch.setattr(connection.disk, "free_bytes", lambda path: 0)
    catalogue = Catalogue(f"sqlite:///{path}")
    assert names(catalogue) == ["first"]
    assert "is full: 0 bytes free" in catalogue.problem
    catalogue.close()


def test_an_older_schema_that_cannot_be_changed_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import command
    from alembic.config import Config

    from qlatent.store.catalogue import schema

    engine = database.connect(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with database.writing(engine) as opened:
        config.attributes["connection"] = opened
        command.downgrade(config, "0001")
    engine.dispose()
    refused(path, monkeypatch)
    catalogue = Catalogue(f"sqlite:///{path}")
    assert names(catalogue) == ["first"]
    catalogue.close()


def test_an_error_that_a_copy_does_not_solve_is_raised(path: Path) -> None:
    path.write_bytes(b"this is no database, it is a text" * 100)
    with pytest.raises(StoreError, match="file is not a database"):
        Catalogue(f"sqlite:///{path}")


def test_copies_are_deleted(
    path: Path, locked: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.tempfile, "tempdir", str(tmp_path))
    catalogue = Catalogue(f"sqlite:///{path}")
    assert list(tmp_path.glob("qlatent-catalogue-*"))
    catalogue.close()
    assert not list(tmp_path.glob("qlatent-catalogue-*"))


def test_the_copy_of_a_catalogue_that_nobody_closed_goes_with_it(
    path: Path, locked: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.tempfile, "tempdir", str(tmp_path))
    catalogue = Catalogue(f"sqlite:///{path}")
    assert list(tmp_path.glob("qlatent-catalogue-*"))
    del catalogue
    gc.collect()
    assert not list(tmp_path.glob("qlatent-catalogue-*"))


@pytest.mark.parametrize("copied", [False, True])
def test_the_engine_of_a_catalogue_that_nobody_closed_goes_with_it(
    path: Path, copied: bool, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if copied:
        request.getfixturevalue("locked")
    connect, disposed = database.connect, []

    def watched(url: str, **options: Any) -> Engine:
        engine = connect(url, **options)
        event.listen(engine, "engine_disposed", lambda _: disposed.append(url))
        return engine

    monkeypatch.setattr(database, "connect", watched)
    catalogue = Catalogue(f"sqlite:///{path}")
    assert names(catalogue) == ["first"]
    assert not disposed
    del catalogue
    gc.collect()
    assert len(disposed) == 1


def test_a_disk_with_no_byte_left(small_disk: Path) -> None:
    path = small_disk / "catalogue.db"
    made = Catalogue(f"sqlite:///{path}")
    made.add_dataset(record("first"))
    made.close()
    for left in small_disk.glob("catalogue.db-*"):
        left.unlink()
    subprocess.run(f"cat /dev/zero > {small_disk / 'fill'}", shell=True, stderr=subprocess.DEVNULL)
    catalogue = Catalogue(f"sqlite:///{path}")
    assert names(catalogue) == ["first"]
    assert "is full: 0 bytes free" in catalogue.problem
    (small_disk / "fill").unlink()
    catalogue._database._looked = 0.0
    catalogue.add_dataset(record("second"))
    assert names(catalogue) == ["first", "second"]
    catalogue.close()
