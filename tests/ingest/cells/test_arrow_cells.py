from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from qlatent.ingest.cells.arrow_cells import Unheld, cells_of

LARGEST = 1_000


def broken_text(*values: bytes) -> pa.Array:
    """A text column with the given bytes, valid or not."""
    return pa.Array.from_buffers(pa.string(), len(values), pa.array(values, pa.binary()).buffers())


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None, 3]),
        pa.array(["a", None]),
        pa.array(["a", "b", "a"]).dictionary_encode(),
        pa.chunked_array([["a"], ["b", "c"]]),
        pa.array([{"a": 1}, None]),
        pa.array([[1], [2, 3]]),
        pa.array([], pa.list_(pa.int8())),
    ],
)
def test_values_are_those_of_arrow(column: pa.Array) -> None:
    assert list(cells_of(column, largest=LARGEST)) == column.to_pylist()


def test_lists_of_one_length_are_rows_of_an_array() -> None:
    cells = cells_of(pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32())), largest=LARGEST)
    assert all(isinstance(cell, np.ndarray) for cell in cells)
    np.testing.assert_array_equal(cells, [[1, 2], [3, 4]])


@pytest.mark.parametrize("kind", ["us", "ns", "s", "ms"])
def test_a_time_that_python_cannot_hold_is_text_and_its_neighbours_are_times(kind: str) -> None:
    beyond = {"us": 2**62, "ns": 1, "s": 2**40, "ms": 2**50}[kind]
    column = pa.array([0, beyond, None], pa.timestamp(kind))
    first, second, third = cells_of(column, largest=LARGEST)
    assert str(first)[:10] == "1970-01-01"
    assert third is None
    if kind != "ns":  # pandas has a type for nanoseconds
        assert isinstance(second, Unheld) and second.what == "a value that Python cannot hold is kept as text"
        assert second.instead is None or isinstance(second.instead, str)


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    good, bad = cells_of(broken_text(b"good", b"a\xffb"), largest=LARGEST)
    assert (good, bad) == ("good", Unheld("bytes that are not UTF-8 replaced", "a\ufffdb"))


def test_a_value_that_is_too_large_is_not_read() -> None:
    small, large = cells_of(pa.array(["a", "x" * 2000]), largest=LARGEST)
    assert small == "a"
    assert large == Unheld("a value of more than 1,000 bytes left out")
