"""Count the values of each typed column of a dataset, of all items or of those that a filter leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.services.datasets import coded, facts
from qlatent.services.datasets.coded import Column, Texts
from qlatent.store.workspace import Workspace

MOST_VALUES = 200  # values of a text column that are counted one by one
BINS = 20


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
    columns = coded.columns_of(workspace, dataset)
    mask = (
        np.ones(workspace.items.count(dataset), dtype=np.bool_)
        if among is None
        else np.asarray(among, np.bool_)
    )
    return [_counted(name, each, mask) for name, each in columns.items() if _has_values(each)]


def _has_values(column: Column) -> bool:
    return len(column.values) > 0 if isinstance(column, Texts) else bool(column.notna().any())


def _counted(name: str, column: Column, mask: NDArray[np.bool_]) -> ColumnCounts:
    if isinstance(column, Texts):
        return _counted_texts(name, column, mask)
    kind, chosen = facts.kind(column), column[mask]
    present = int(chosen.notna().sum())
    known: dict[str, Any] = {
        "name": name, "kind": kind, "present": present, "missing": len(chosen) - present,
        "distinct": int(chosen.nunique()),
    }  # fmt: skip
    if kind not in ("number", "date"):
        often = chosen.value_counts()
        return ColumnCounts(
            **known, values=tuple((bool(value), int(count)) for value, count in often.items())
        )
    whole, part = column.dropna(), chosen.dropna()
    edges = _edges(whole, kind)
    bins = np.histogram(_numbers(part, kind), bins=edges)[0]
    shown = pd.to_datetime(edges.astype("int64")) if kind == "date" else edges
    return ColumnCounts(
        **known, least=part.min() if present else None, largest=part.max() if present else None,
        edges=tuple(shown.tolist()), bins=tuple(bins.tolist()),
    )  # fmt: skip


def _counted_texts(name: str, column: Texts, mask: NDArray[np.bool_]) -> ColumnCounts:
    """The counts of a column of texts; equally frequent values are sorted."""
    found = column.counted(mask)
    present, total = int(found.sum()), int(mask.sum())
    leading = [each for each in np.argsort(-found, kind="stable")[:MOST_VALUES] if found[each]]
    values = tuple((column.values[int(each)].as_py(), int(found[each])) for each in leading)
    return ColumnCounts(name, "text", present, total - present, int((found > 0).sum()), values)


def _edges(values: pd.Series, kind: str) -> NDArray[np.float64]:
    """Edges of equal bins; fewer where there are few values."""
    numbers = _numbers(values, kind)
    return np.histogram_bin_edges(numbers[np.isfinite(numbers)], bins=min(BINS, max(1, values.nunique())))


def _numbers(values: pd.Series, kind: str) -> NDArray[np.float64]:
    """Numbers as they are, dates as nanoseconds since 1970 in UTC."""
    if kind == "date":
        values = pd.to_datetime(values, utc=True).dt.as_unit("ns").astype("int64")
    return values.to_numpy(dtype=np.float64)
