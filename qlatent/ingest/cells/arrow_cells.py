"""Columns of Arrow → Python values, none of them larger than it may be, and what Python cannot hold as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

UNHELD = (pa.ArrowException, ValueError, ArithmeticError, LookupError, TypeError, RecursionError, ImportError)
"""What Arrow raises where Python has no such value: years, characters, time zones, nesting."""


@dataclass(frozen=True, slots=True)
class Unheld:
    """A value that could not be taken as it is: `what` says why, `instead` stands in its place."""

    what: str
    instead: Any = None


def cells_of(column: pa.Array | pa.ChunkedArray, *, largest: int) -> Sequence[Any]:
    """The values of a column as Python objects; lists of numbers of one length as the rows of one array.

    A value of more than `largest` bytes, and one that Python cannot hold (a date beyond the year 9999, bytes that
    are no UTF-8), is an `Unheld`.
    """
    array = _plain(column)
    if isinstance(array, pa.DictionaryArray):
        values = cells_of(array.dictionary, largest=largest)
        return [None if place is None else values[place] for place in array.indices.to_pylist()]
    if array.nbytes > largest and any(array.slice(row, 1).nbytes > largest for row in range(len(array))):
        return [_cell(array, row, largest) for row in range(len(array))]
    matrix = _matrix(array)
    if matrix is not None:
        return list(matrix)
    try:
        cells: list[Any] = array.to_pylist()
    except UNHELD:  # whatever a value is that cannot be held, its neighbours can
        return [_cell(array, row, largest) for row in range(len(array))]
    return cells


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array of stored values: chunks joined, an extension's storage."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _matrix(array: pa.Array) -> np.ndarray | None:
    """Lists of numbers as an array (n, d), None where they are something else or differ in length."""
    kind = array.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    is_numbers = is_list and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))
    if not is_numbers or not len(array) or array.null_count:
        return None
    flat = array.flatten()
    width, rest = divmod(len(flat), len(array))
    if flat.null_count or rest or not width or not _all_wide(array, width):
        return None
    return np.asarray(flat).reshape(len(array), width)


def _all_wide(array: pa.Array, width: int) -> bool:
    if pa.types.is_fixed_size_list(array.type):
        return True
    return bool(np.all(np.diff(np.asarray(array.offsets)) == width))


def _cell(array: pa.Array, row: int, largest: int) -> Any:
    """One value, or the `Unheld` that stands in its place."""
    if array.slice(row, 1).nbytes > largest:
        return Unheld(f"a value of more than {largest:,} bytes left out")
    value = array[row]
    try:
        return value.as_py()
    except UNHELD:
        return Unheld(*_in_text(value))


def _in_text(value: pa.Scalar) -> tuple[str, str | None]:
    """What was done to a value that Python cannot hold, and the text that stands for it."""
    if pa.types.is_string(value.type) or pa.types.is_large_string(value.type):
        return "bytes that are not UTF-8 replaced", value.as_buffer().to_pybytes().decode("utf-8", "replace")
    try:
        return "a value that Python cannot hold is kept as text", value.cast(pa.string()).as_py()
    except UNHELD:
        return "a value that Python cannot hold is left out", None
