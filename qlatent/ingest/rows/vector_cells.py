"""From a row to its vector, however the column holds it: lists, texts, bytes, one column a dimension, nested."""

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
    """Reads the vectors of one column; all must have the width that most of its first cells have."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self._width = column.content.width if column.content else 0

    def read(self, values: Mapping[str, Any]) -> np.ndarray | None:
        """The vector (d,) of a row in float32, None when the row has none; a `RefusedRow` when it is not usable."""
        name = repr(self.column.name)
        cell = self._joined(values) if self.column.parts else self._cell(values)
        if is_missing(cell):
            return None
        if isinstance(cell, bytes):
            kind = self.column.content.number_type if self.column.content else ""
            cell = number_lists.numbers_of_bytes(cell, kind=kind, name=name)
        return as_vector(cell, name=name, width=self._width or None)

    def accept(self, vector: np.ndarray) -> None:
        """Remembers the width of the first vector that is kept, where the column did not tell it."""
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
    """A cell as a float32 vector (d,); a `RefusedRow` when it is not d finite numbers with a direction."""
    if isinstance(value, str):
        value = number_lists.numbers_in(value, name=name)
    if isinstance(value, list) and len(value) == 0:
        raise RefusedRow(f"{name} is an empty list")
    try:
        vector = np.asarray(_without_null(value))
    except (ValueError, TypeError, OverflowError) as err:  # lists inside lists, of different lengths
        raise RefusedRow(f"{name} is not one list of numbers") from err
    if vector.ndim == 2 and len(vector) == 1 and vector.size > 1 and isinstance(value, list):
        vector = vector[0]  # [[0.1, 0.2]]: the answer to one text
    if vector.ndim != 1 or vector.dtype.kind not in "fiu" or vector.size == 0:
        raise RefusedRow(f"{name} is not one list of numbers")
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # beyond float32 becomes infinite, and is refused as such
        vector = vector.astype(np.float32)
    if not np.isfinite(vector).all():
        raise RefusedRow(f"{name} has NaN or infinite values at {int((~np.isfinite(vector)).sum())} places")
    if not vector.any():
        raise RefusedRow(f"{name} is zero everywhere, so it has no direction")
    if width is not None and len(vector) != width:
        raise RefusedRow(f"{name} has {len(vector)} numbers; most rows have {width}")
    return vector


def _without_null(value: Any) -> Any:
    """A null among numbers is no number, and is counted as one that is not finite."""
    if isinstance(value, list) and None in value:
        return [float("nan") if each is None else each for each in value]
    return value
