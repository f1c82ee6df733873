import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from qlatent.errors import StoreError
from qlatent.store.items.tables import Tables

SCHEMA = pa.schema([pa.field("hash", pa.string(), nullable=False), ("number", pa.int64())])


def content(*hashes: str) -> pa.Table:
    return pa.table({"hash": list(hashes), "number": list(range(len(hashes)))}, schema=SCHEMA)


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    return Tables(tmp_path)


def test_a_missing_table_is_none_and_empty(tables: Tables) -> None:
    assert tables.open("absent") is None
    assert tables.column("absent", "hash").to_pylist() == []
    assert list(tables.matching("absent", "hash", ["a"], columns=["hash"])) == []
    tables.tidy("absent")


def test_a_table_without_a_commit_is_not_listed_and_can_be_created_again(tables: Tables) -> None:
    def broken() -> object:
        yield content("a").to_batches()[0]
        raise ArithmeticError

    with pytest.raises(RuntimeError, match="ArithmeticError"):
        tables.create("items.a", pa.RecordBatchReader.from_batches(SCHEMA, broken()))
    assert (tables.path / "items.a.lance").is_dir()
    assert tables.names("items.") == []
    tables.create("items.a", content("a", "b").to_reader())
    assert tables.names("items.") == ["items.a"]
    assert tables.names("other") == []


def test_all_names_are_listed_past_a_page(tables: Tables) -> None:
    names = [f"items.{number:03d}" for number in range(25)]
    for name in names:
        tables.ensure(name, SCHEMA)
    assert tables.names("items.") == names


def test_rows_are_found_by_value_past_one_filter(tables: Tables) -> None:
    hashes = [f"h{number}" for number in range(1200)]
    tables.create("t", content(*hashes).to_reader())
    parts = list(tables.matching("t", "hash", [*hashes[::2], "it's"], columns=["hash"]))
    assert sorted(value for part in parts for value in part["hash"].to_pylist()) == sorted(hashes[::2])


def test_old_versions_stay_readable_after_tidying_when_they_are_to_be_kept(tables: Tables) -> None:
    tables.create("t", content("a").to_reader())
    for value in "bcd":
        tables.add("t", content(value))
    tables.tidy("t", keep_versions=True)
    assert [tables.open("t", version=version).count_rows() for version in (1, 2, 4)] == [1, 2, 4]  # type: ignore[union-attr]
    assert tables.column("t", "hash").to_pylist() == ["a", "b", "c", "d"]


def test_a_version_that_never_was_is_refused(tables: Tables) -> None:
    tables.create("t", content("a").to_reader())
    with pytest.raises(StoreError, match="Version 7 of 't' is not there; the newest is 1"):
        tables.open("t", version=7)


def test_keeping_only_some_values_deletes_the_rest(tables: Tables) -> None:
    hashes = [f"h{number}" for number in range(1300)]
    tables.create("t", content(*hashes, "h1").to_reader())
    wanted = pa.array(["h1", "h5", "absent"])
    assert tables.keep_only("t", "hash", lambda keys: pc.is_in(keys, value_set=wanted)) == 1298
    assert tables.column("t", "hash").to_pylist() == ["h1", "h5", "h1"]
    assert tables.keep_only("absent", "hash", lambda keys: pc.is_in(keys, value_set=wanted)) == 0


def test_rows_added_during_a_deletion_stay(tables: Tables) -> None:
    tables.create("t", content("old").to_reader())

    def wanted(keys: pa.Array) -> pa.Array:
        tables.add("t", content("new"))
        return pc.is_null(keys)

    assert tables.keep_only("t", "hash", wanted) == 1
    assert tables.column("t", "hash").to_pylist() == ["new"]


@pytest.mark.slow
def test_two_processes_that_make_the_same_table_at_once_lose_nothing(
    tables: Tables, another_process: Callable[..., Any]
) -> None:
    script = """
import sys, time
from pathlib import Path
import pyarrow as pa
from qlatent.store.items.schemas import vector_schema
from qlatent.store.items.tables import Tables
tables, who = Tables(Path(sys.argv[1])), sys.argv[2]
tables.names("")
print("ready", flush=True)
for line in sys.stdin:
    rows = pa.table({"hash": [who], "vector": [[0.0] * 8]}, schema=vector_schema("key", "image", 8))
    name, moment = line.split()
    while time.time() < float(moment):
        pass
    tables.ensure(name, rows.schema)
    tables.add(name, rows)
    print("done", flush=True)
"""
    processes = [another_process(script, tables.path, who) for who in "ab"]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 2
    for number in range(40):
        moment = time.time() + 0.03
        for process in processes:
            process.stdin.write(f"t{number} {moment}\n")
            process.stdin.flush()
        assert [process.stdout.readline() for process in processes] == ["done\n"] * 2
        assert sorted(tables.column(f"t{number}", "hash").to_pylist()) == ["a", "b"]
