"""Convert Arrow columns to Python values, with a size limit, and as text if Python has no such value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

UNHELD = (pa.ArrowException, ValueError, ArithmeticError, LookupError, TypeError, RecursionError, ImportError)
"""Errors of Arrow for values that Python cannot represent: years, characters, time zones, nesting."""


@dataclass(frozen=True, slots=True)
class Unheld:
    """A value that could not be converted: `what` is the reason, `instead` the replacement."""

    what: str
    instead: Any = None


def cells_of(column: pa.Array | pa.ChunkedArray, *, largest: int) -> Sequence[Any]:
    """The values of a column as Python objects; lists of numbers of equal length as rows of one array.

    A value of more than `largest` bytes, or one that Python cannot represent (a date after the year 9999, bytes that
    are not UTF-8), becomes an `Unheld`.
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
    except UNHELD:  # convert one by one, so that only the unrepresentable values are lost
        return [_cell(array, row, largest) for row in range(len(array))]
    return cells


def matrix_of(column: pa.Array | pa.ChunkedArray) -> np.ndarray | None:
    """A column of lists of numbers of one length as an array (n, d); None for other columns."""
    return _matrix(_plain(column))


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array of storage values, with chunks joined and extension types unwrapped."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _matrix(array: pa.Array) -> np.ndarray | None:
    """Lists of numbers as an array (n, d), or None for other types or different lengths."""
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
    """One value, or its `Unheld` replacement."""
    if array.slice(row, 1).nbytes > largest:
        return Unheld(f"a value of more than {largest:,} bytes left out")
    value = array[row]
    try:
        return value.as_py()
    except UNHELD:
        return Unheld(*_in_text(value))


def _in_text(value: pa.Scalar) -> tuple[str, str | None]:
    """The note on an unrepresentable value, and the text that replaces it."""
    if pa.types.is_string(value.type) or pa.types.is_large_string(value.type):
        return "bytes that are not UTF-8 replaced", value.as_buffer().to_pybytes().decode("utf-8", "replace")
    try:
        return "a value that Python cannot hold is kept as text", value.cast(pa.string()).as_py()
    except UNHELD:
        return "a value that Python cannot hold is left out", None
