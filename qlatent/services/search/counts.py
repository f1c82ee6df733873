"""Count the values of each typed column of a dataset, of all items or of those that a filter leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.services.datasets import browsing, facts
from qlatent.store.workspace import Workspace

MOST_VALUES = 200  # values of a text column that are counted one by one
BINS = 20
_COUNTED = ("label", "split")  # parts of an item that are counted beside its metadata


@dataclass(frozen=True, slots=True)
class ColumnCounts:
    """What a column holds: its kind (see `facts.KINDS`), how many items have a value, and how often each occurs.

    `values` are the most frequent, of texts and truth values; numbers and dates have `edges` (b + 1,) and `bins` (b,)
    from the least to the largest value of the whole dataset, so that counts of a filter fit to those of all items.
    """

    name: str
    kind: str
    present: int
    missing: int
    distinct: int
    values: tuple[tuple[Any, int], ...] = ()
    least: Any = None
    largest: Any = None
    edges: tuple[Any, ...] = ()
    bins: tuple[int, ...] = ()


def counts(
    workspace: Workspace, dataset: str, *, among: NDArray[np.bool_] | None = None
) -> list[ColumnCounts]:
    """The counts of each column that has a value, among all items or those of a mask (rows,)."""
    stored = workspace.items.table(
        dataset, columns=[*_COUNTED, "metadata"]
    )  # not the texts, which need memory
    known = facts.columns(stored["metadata"].to_pylist(), beside=browsing.COLUMNS)
    table = pd.concat([stored.select(list(_COUNTED)).to_pandas(), known], axis=1)
    mask = np.ones(len(table), dtype=np.bool_) if among is None else np.asarray(among, dtype=np.bool_)
    columns = {name: _blank_as_missing(table[name]) for name in table}
    return [_counted(name, column, mask) for name, column in columns.items() if column.notna().any()]


def _blank_as_missing(column: pd.Series) -> pd.Series:
    return column.replace("", None) if facts.kind(column) == "text" else column


def _counted(name: str, column: pd.Series, mask: NDArray[np.bool_]) -> ColumnCounts:
    kind, chosen = facts.kind(column), column[mask]
    present = int(chosen.notna().sum())
    known: dict[str, Any] = {
        "name": name, "kind": kind, "present": present, "missing": len(chosen) - present,
        "distinct": int(chosen.nunique()),
    }  # fmt: skip
    if kind not in ("number", "date"):
        often = chosen.value_counts().head(MOST_VALUES)
        return ColumnCounts(**known, values=tuple((value, int(count)) for value, count in often.items()))
    whole, part = column.dropna(), chosen.dropna()
    edges = _edges(whole, kind)
    bins = np.histogram(_numbers(part, kind), bins=edges)[0]
    shown = pd.to_datetime(edges.astype("int64")) if kind == "date" else edges
    return ColumnCounts(
        **known, least=part.min() if present else None, largest=part.max() if present else None,
        edges=tuple(shown.tolist()), bins=tuple(bins.tolist()),
    )  # fmt: skip


def _edges(values: pd.Series, kind: str) -> NDArray[np.float64]:
    """Edges of equal bins; fewer where there are few values."""
    numbers = _numbers(values, kind)
    return np.histogram_bin_edges(numbers[np.isfinite(numbers)], bins=min(BINS, max(1, values.nunique())))


def _numbers(values: pd.Series, kind: str) -> NDArray[np.float64]:
    """Numbers as they are, dates as nanoseconds since 1970 in UTC."""
    if kind == "date":
        values = pd.to_datetime(values, utc=True).dt.as_unit("ns").astype("int64")
    return values.to_numpy(dtype=np.float64)
