"""Many rows at once give the same items, refusals and remarks as one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from qlatent.errors import InputError
from qlatent.ingest import AbstractSource, Limits, open_source
from qlatent.types import Item, Refusal, VectorItems

ROWS, WIDTH = 60, 6
Spoil = Callable[[dict[str, Any]], None]


def content() -> dict[str, Any]:
    """Columns of 60 rows: vectors, ids, labels with repeats, splits and facts."""
    random = np.random.default_rng(0)
    return {
        "vector": random.normal(size=(ROWS, WIDTH)).astype(np.float32),
        "id": np.array([f"n{row}" for row in range(ROWS)]),
        "label": np.array([["red", "none", "", " blue "][row % 4] for row in range(ROWS)]),
        "split": np.array([["Train", "test"][row % 2] for row in range(ROWS)]),
        "size": np.arange(ROWS, dtype=np.float64) / 4,
    }


def spoilt(column: str, row: int, value: Any) -> Spoil:
    def spoil(columns: dict[str, Any]) -> None:
        columns[column][row] = value

    return spoil


def as_objects(column: str, row: int, value: Any) -> Spoil:
    """A value of another type in a column of a table, whose cells are Python's."""

    def spoil(columns: dict[str, Any]) -> None:
        columns[column] = list(columns[column])
        columns[column][row] = value

    return spoil


def replaced(column: str, values: Any) -> Spoil:
    def spoil(columns: dict[str, Any]) -> None:
        columns[column] = values

    return spoil


SPOILT: dict[str, Spoil] = {
    "nothing": lambda columns: None,
    "a vector with NaN": spoilt("vector", 33, np.nan),
    "an infinite number": spoilt("vector", (2, 1), np.inf),
    "a zero vector": spoilt("vector", 59, 0.0),
    "an id twice": spoilt("id", 40, "n3"),
    "an id twice in one chunk": spoilt("id", 41, "n40"),
    "an id without text": spoilt("id", 5, " "),
    "ids of blank cells": replaced("id", np.full(ROWS, "")),
    "an id that is made for another row": spoilt("id", 50, "row-6"),
    "whole numbers as ids": replaced("id", np.arange(ROWS)),
    "floats as ids": replaced("id", np.arange(ROWS, dtype=np.float64)),
    "ids with and without .0": replaced("id", np.array([f"{row // 2}{'.0' * (row % 2)}" for row in range(ROWS)])),
    "numbers as labels": replaced("label", np.arange(ROWS) % 3),
    "double precision": replaced("vector", np.random.default_rng(1).normal(size=(ROWS, WIDTH))),
    "too large for single precision": replaced("vector", np.full((ROWS, WIDTH), 1e300)),
    "a fact that is missing": spoilt("size", 7, np.nan),
    "a long fact": replaced("split", np.array(["train " * 40] * ROWS)),
}  # fmt: skip
IN_TABLES: dict[str, Spoil] = {
    "no vector": as_objects("vector", 20, None),
    "another width": as_objects("vector", 20, [1.0, 2.0]),
    "an empty vector": as_objects("vector", 20, []),
    "no id": as_objects("id", 20, None),
    "no label": as_objects("label", 20, None),
    "lists as facts": replaced("size", [[row] * (row % 3) for row in range(ROWS)]),
    "bytes that are not UTF-8": replaced("label", [b"\xff\xfe"] * ROWS),
}


def saved(path: Path, columns: dict[str, Any]) -> AbstractSource:
    limits = Limits(max_text_characters=100)
    if path.suffix == ".npz":
        np.savez(path, **columns)
    else:
        arrays = {
            name: pa.array(list(values) if name == "vector" else values) for name, values in columns.items()
        }
        parquet.write_table(pa.table(arrays), path)
    return open_source(path, limits=limits)


def plain(row: Item | Refusal) -> Any:
    """A row as values that can be compared."""
    if isinstance(row, Refusal):
        return row
    vectors = {name: (vector.dtype, vector.tolist()) for name, vector in row.vectors.items()}
    return row.id, row.image, row.text, row.label, row.split, row.metadata, vectors, row.source


def both_ways(source: AbstractSource) -> tuple[list[VectorItems], list[Any], list[Any]]:
    """The blocks read in bulk; rows and remarks one by one; rows and remarks in bulk."""
    single = [plain(row) for row in source.rows()]
    remarks = source.remarks()
    blocks, rows = [], []
    for part in source.bulk():
        several = isinstance(part, VectorItems)
        blocks += [part] if several else []
        rows += map(plain, part.items() if several else (part,))
    return blocks, [*single, remarks], [*rows, source.remarks()]


@pytest.fixture(autouse=True)
def few_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlatent.ingest.files.stored_arrays._SIDE_BY_SIDE_ROWS", 16)
    monkeypatch.setattr("qlatent.ingest.sources.tables.parquet._CHUNK", 16)


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("ending", ["npz", "parquet"])
def test_bulk_rows_are_the_single_rows(tmp_path: Path, ending: str, spoil: Spoil) -> None:
    columns = content()
    spoil(columns)
    _, single, bulk = both_ways(saved(tmp_path / f"v.{ending}", columns))
    assert bulk == single
    assert len(single) == ROWS + 1


@pytest.mark.parametrize("spoil", IN_TABLES.values(), ids=IN_TABLES)
def test_bulk_rows_of_a_table_are_the_single_rows(tmp_path: Path, spoil: Spoil) -> None:
    columns = content()
    spoil(columns)
    _, single, bulk = both_ways(saved(tmp_path / "v.parquet", columns))
    assert bulk == single


@pytest.mark.parametrize("ending", ["npz", "parquet"])
def test_only_the_chunk_of_a_refused_row_is_read_row_by_row(tmp_path: Path, ending: str) -> None:
    columns = content()
    columns["vector"][33] = 0.0
    blocks, *_ = both_ways(saved(tmp_path / f"v.{ending}", columns))
    assert [(block.ids[0], len(block)) for block in blocks] == [("n0", 16), ("n16", 16), ("n48", 12)]


def test_texts_are_read_row_by_row(tmp_path: Path) -> None:
    columns = content() | {"text": np.array([f"words {row}" for row in range(ROWS)])}
    source = saved(tmp_path / "v.parquet", columns)
    assert source.guess().text == ("text",)
    blocks, single, bulk = both_ways(source)
    assert (blocks, bulk) == ([], single)


def test_too_many_rows_are_refused_in_bulk_too(tmp_path: Path) -> None:
    path = tmp_path / "v.npz"
    np.savez(path, vector=content()["vector"])
    source = open_source(path, limits=Limits(max_rows=ROWS))
    source.limits = Limits(max_rows=20)
    with pytest.raises(InputError, match="has 32 rows or more; the limit is 20"):
        list(source.bulk())
