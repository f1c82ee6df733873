"""Read the vector of a row from lists, text, bytes, one column per dimension, or nested cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qlatent.ingest.cells import number_lists
from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.column import Column
from qlatent.ingest.columns.nested import at
from qlatent.ingest.record import RefusedRow


class VectorReader:
    """Reader of the vectors of a column, which must have the most common width of its first cells."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self._width = column.content.width if column.content else 0

    def read(self, values: Mapping[str, Any]) -> np.ndarray | None:
        """The vector (d,) float32 of a row, or None if missing; raises `RefusedRow` if it is not usable."""
        name = repr(self.column.name)
        cell = self._joined(values) if self.column.parts else self._cell(values)
        if is_missing(cell):
            return None
        if isinstance(cell, bytes):
            kind = self.column.content.number_type if self.column.content else ""
            cell = number_lists.numbers_of_bytes(cell, kind=kind, name=name)
        return as_vector(cell, name=name, width=self._width or None)

    def matrix(self, columns: Mapping[str, Any]) -> np.ndarray | None:
        """The vectors (n, d) float32 of many rows; None if `read` would refuse one, or if they are not an array."""
        cells = columns.get(self.column.name)
        if not isinstance(cells, np.ndarray) or cells.ndim != 2 or cells.dtype.kind not in "fiu":
            return None
        with np.errstate(over="ignore", invalid="ignore"):  # as in `as_vector`
            vectors = cells.astype(np.float32, copy=False)
        fits = vectors.shape[1] == (self._width or vectors.shape[1]) and vectors.size > 0
        return vectors if fits and np.isfinite(vectors).all() and vectors.any(axis=1).all() else None

    def accept(self, vector: np.ndarray) -> None:
        """Stores the width of the first accepted vector if the column's width is unknown."""
        self._width = self._width or len(vector)

    def _cell(self, values: Mapping[str, Any]) -> Any:
        if self.column.path:
            return at(values.get(str(self.column.path[0])), self.column.path[1:])
        return values.get(self.column.name)

    def _joined(self, values: Mapping[str, Any]) -> Any:
        cells = [values.get(part) for part in self.column.parts]
        missing = [part for part, cell in zip(self.column.parts, cells, strict=True) if is_missing(cell)]
        if len(missing) == len(cells):
            return None
        if missing:
            raise RefusedRow(f"{self.column.name!r} has no number in {missing[0]!r}")
        try:
            return [float(cell) for cell in cells]  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError) as err:
            raise RefusedRow(f"{self.column.name!r} has a cell that is no number ({err})") from err


def as_vector(value: Any, *, name: str, width: int | None) -> np.ndarray:
    """A cell as a float32 vector (d,); raises `RefusedRow` unless it has `width` finite numbers, not all zero."""
    if isinstance(value, str):
        value = number_lists.numbers_in(value, name=name)
    if isinstance(value, list) and len(value) == 0:
        raise RefusedRow(f"{name} is an empty list")
    try:
        vector = np.asarray(_without_null(value))
    except (ValueError, TypeError, OverflowError) as err:  # ragged nested lists
        raise RefusedRow(f"{name} is not one list of numbers") from err
    if vector.ndim == 2 and len(vector) == 1 and vector.size > 1 and isinstance(value, list):
        vector = vector[0]  # [[0.1, 0.2]]: an API's response for one text
    if vector.ndim != 1 or vector.dtype.kind not in "fiu" or vector.size == 0:
        raise RefusedRow(f"{name} is not one list of numbers")
    with np.errstate(over="ignore", invalid="ignore"):  # overflow of float32 gives infinity, which is refused
        vector = vector.astype(np.float32)
    if not np.isfinite(vector).all():
        wrong = int((~np.isfinite(vector)).sum())
        raise RefusedRow(f"{name} has NaN or infinite values at {wrong} place{'s' * (wrong != 1)}")
    if not vector.any():
        raise RefusedRow(f"{name} is zero everywhere, so it has no direction")
    if width is not None and len(vector) != width:
        raise RefusedRow(f"{name} has {len(vector)} numbers; most rows have {width}")
    return vector


def _without_null(value: Any) -> Any:
    """Replaces nulls by NaN, so that they are counted as not finite."""
    if isinstance(value, list) and None in value:
        return [float("nan") if each is None else each for each in value]
    return value
