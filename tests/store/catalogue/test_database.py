import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, make_url, text

from qlatent.errors import StoreError, UnavailableError
from qlatent.store.catalogue import database, schema
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import DatasetRecord


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'catalogue.db'}"


def test_the_migrations_lead_to_the_tables_that_the_code_expects(url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    engine = database.connect(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
        assert (
            connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            == schema.known_revisions()[-1]
        )
    engine.dispose()
    assert ScriptDirectory(str(schema.MIGRATIONS)).get_current_head() == schema.known_revisions()[-1]


def test_the_migrations_can_be_undone_and_done_again(url: str) -> None:
    from alembic import command
    from alembic.config import Config

    engine = database.connect(url)
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with database.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    database.migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar() == 0
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(url: str) -> None:
    Catalogue(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(
        StoreError,
        match=f"has schema 9999, made by a newer version; this version knows up to {schema.known_revisions()[-1]}",
    ) as caught:
        Catalogue(url)
    assert "Update qlatent" in caught.value.remedy


def test_sqlite_waits_for_others_writes_ahead_and_checks_links(url: str) -> None:
    engine = database.connect(url)
    with engine.connect() as connection:
        found = [
            connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "busy_timeout", "foreign_keys")
        ]
    engine.dispose()
    assert found == ["wal", 30000, 1]


def test_a_current_database_opens_without_alembic(url: str) -> None:
    Catalogue(url).close()
    script = """
import sys
from qlatent.store.catalogue.catalogue import Catalogue
Catalogue(sys.argv[1])
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script, url], check=True, cwd=Path(__file__).parents[3])


@pytest.mark.slow
def test_processes_that_open_a_new_workspace_at_once_all_succeed(
    url: str, another_process: Callable[..., object]
) -> None:
    script = """
import sys
from qlatent.store.catalogue import catalogue
print("ready", flush=True)
sys.stdin.readline()
print(len(catalogue.Catalogue(sys.argv[1]).runs()), flush=True)
"""
    processes = [another_process(script, url) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"  # type: ignore[attr-defined]
    for process in processes:
        process.stdin.write("go\n")  # type: ignore[attr-defined]
        process.stdin.flush()  # type: ignore[attr-defined]
    assert [process.stdout.readline() for process in processes] == ["0\n"] * 3  # type: ignore[attr-defined]


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade = database._upgrade

    def half(connection: object) -> None:
        upgrade(connection)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(database, "_upgrade", half)
        with pytest.raises(KeyboardInterrupt):
            Catalogue(url)
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    connection.close()
    Catalogue(url).close()


@pytest.mark.parametrize(
    "address", ["nonsense", "oracle_of_delphi://x", "sqlite:////absent/folder/catalogue.db"]
)
def test_an_unreachable_address_is_named(address: str) -> None:
    with pytest.raises(StoreError, match=r"cannot be used") as caught:
        Catalogue(address)
    assert caught.value.remedy


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(UnavailableError, match="The database driver oracledb is not installed"):
        Catalogue("oracle+oracledb://u@h/d")


def test_a_password_is_never_shown(url: str) -> None:
    engine = create_engine(url)
    engine.url = make_url("postgresql+psycopg://user:secret@host/name")
    with (
        pytest.raises(StoreError, match="cannot be used: gone away") as caught,
        database.database_errors(engine),
    ):
        raise database.OperationalError("SELECT 1", {}, Exception("gone away"))
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_named(tmp_path: Path, url: str) -> None:
    (tmp_path / "catalogue.db").write_bytes(b"this is no database, it is a text" * 100)
    with pytest.raises(StoreError, match="cannot be used: file is not a database"):
        Catalogue(url)


def test_a_full_disk_is_explained_and_changes_nothing(small_disk: Path) -> None:
    catalogue = Catalogue(f"sqlite:///{small_disk / 'catalogue.db'}")
    with pytest.raises(StoreError, match="No room on the disk for the catalogue"):
        catalogue.add_dataset(DatasetRecord("a", "x" * 4_000_000, "files", 1.0, 1))
    assert catalogue.datasets() == []
    catalogue.add_dataset(DatasetRecord("b", "B", "files", 1.0, 1))
    catalogue.close()


class Cursor:
    """Refuses the first `times` statements."""

    def __init__(self, times: int, message: str) -> None:
        self.left, self.message, self.asked = times, message, 0

    def execute(self, statement: str) -> None:
        assert statement == "PRAGMA journal_mode = WAL"
        self.asked += 1
        if self.left:
            self.left -= 1
            raise sqlite3.OperationalError(self.message)


def test_turning_to_wal_is_tried_again_while_another_process_does_it() -> None:
    cursor = Cursor(2, "database is locked")
    database._turn_to_wal(cursor)
    assert cursor.asked == 3


def test_turning_to_wal_gives_up_at_once_on_anything_else() -> None:
    cursor = Cursor(1, "disk I/O error")
    with pytest.raises(sqlite3.OperationalError, match="disk I/O"):
        database._turn_to_wal(cursor)
    assert cursor.asked == 1


def at_revision(url: str, revision: str) -> None:
    """Create a database of an earlier version."""
    from alembic import command
    from alembic.config import Config

    engine = database.connect(url)
    config = Config()
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    with database.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
    engine.dispose()


def kinds(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = [kind for (kind,) in connection.execute("SELECT kind FROM runs")]
    connection.close()
    return found


def insert_run(path: Path, kind: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO runs (id, kind, name, created, queue_state) VALUES ('r1', ?, 'x', 1.0, 'finished')",
        (kind,),
    )
    connection.commit()
    connection.close()


def test_an_earlier_database_is_copied_before_it_is_changed(url: str, tmp_path: Path) -> None:
    at_revision(url, "0002")
    insert_run(tmp_path / "catalogue.db", "retrieval")
    with closing(Catalogue(url)) as catalogue:
        assert [run.kind for run in catalogue.runs()] == ["retrieval_evaluation"]
    copy = tmp_path / "catalogue-0002.db"
    assert kinds(copy) == ["retrieval"]
    stamp = copy.stat().st_mtime_ns
    Catalogue(url).close()
    assert copy.stat().st_mtime_ns == stamp  # once
    assert not list(tmp_path.glob(".*"))


def test_a_new_database_is_not_copied(url: str, tmp_path: Path) -> None:
    Catalogue(url).close()
    assert list(tmp_path.glob("catalogue-*")) == []


def test_a_migration_that_fails_says_where_the_copy_is(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_revision(url, "0002")
    insert_run(tmp_path / "catalogue.db", "retrieval")

    def broken(connection: Connection) -> None:
        connection.execute(text("DROP TABLE heads"))
        connection.execute(text("SELECT nothing FROM nowhere"))

    with monkeypatch.context() as patch:
        patch.setattr(database, "_upgrade", broken)
        with pytest.raises(StoreError, match=r"from schema 0002 to \d{4}.*unchanged.*catalogue-0002\.db"):
            Catalogue(url)
    with closing(sqlite3.connect(tmp_path / "catalogue.db")) as connection:
        assert connection.execute("SELECT count(*) FROM heads").fetchone() == (0,)
    (tmp_path / "catalogue-0002.db").write_bytes(b"of the attempt that failed")
    with closing(Catalogue(url)) as catalogue:
        assert [run.id for run in catalogue.runs()] == ["r1"]
    assert kinds(tmp_path / "catalogue-0002.db") == ["retrieval"]
