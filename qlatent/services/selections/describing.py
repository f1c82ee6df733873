"""Describe a selection: its counts by column, and what sets it apart from the rest of the dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.services.datasets import browsing, facts
from qlatent.services.selections.columns import present
from qlatent.services.selections.words import Word, apart
from qlatent.store.workspace import Workspace

SHOWN = 8  # values of a column
MOST_TEXTS = 20_000  # read of the selection, and of the rest
_OWN = ("label", "split")  # columns of the item itself that are counted
_FREE = 0.5  # a text column with more distinct values than this share of its rows is free text, and more than `_FEW`
_FEW = 50
_LEAST = 2  # values of a number inside and outside, for a spread


@dataclass(frozen=True, slots=True)
class Count:
    """A value of a column: how many items have it in the selection and in the dataset."""

    value: str
    inside: int
    total: int


@dataclass(frozen=True, slots=True)
class Categories:
    """The most frequent values of a column in the selection; `other` items have one of the remaining values."""

    column: str
    top: tuple[Count, ...]
    other: int
    distinct: int  # values in the selection
    missing: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """The range of a number or date column in the selection; dates are ISO 8601, and None where there is no value."""

    column: str
    least: float | str | None
    median: float | str | None
    largest: float | str | None
    missing: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What a column has more or less of inside than in the rest.

    For a value, `effect` is its lift, the ratio of its shares. For a number, `value` is "" and `effect` the difference
    of the means in units of the pooled standard deviation (Cohen's d). `score` is the z-score of the difference (of two
    proportions) or Welch's t. `inside` and `rest` count the items with that value, or with a number.
    """

    column: str
    value: str
    effect: float
    score: float
    inside: int
    rest: int


@dataclass(frozen=True, slots=True)
class Description:
    """A selection of `count` of `total` items; `texts` is how many texts were compared for the words."""

    count: int
    total: int
    columns: tuple[Categories | Numbers, ...]
    differences: tuple[Difference, ...]  # largest |score| first
    words: tuple[Word, ...]
    texts: int


def described(
    workspace: Workspace, dataset: str, rows: NDArray[np.int64], *, top: int = SHOWN, seed: int = 0
) -> Description:
    """The description of some rows of a dataset; see `of_table`."""
    return of_table(browsing.items(workspace, dataset), rows, top=top, seed=seed)


def of_table(table: pd.DataFrame, rows: NDArray[np.int64], *, top: int = SHOWN, seed: int = 0) -> Description:
    """The description of some rows of a table of items, as `browsing.items` returns it.

    Columns are label, split and metadata, without free text. Of more than `MOST_TEXTS` texts on either side, a random
    sample of that many is compared.
    """
    inside = np.zeros(len(table), dtype=np.bool_)
    inside[rows] = True
    columns = [name for name in (*_OWN, *browsing.facts_of(table)) if _counted(table[name])]
    differences = [each for name in columns for each in _differences(name, table[name], inside)]
    differences.sort(key=lambda each: -abs(each.score))
    generator = np.random.default_rng(seed)
    mine, others = (_texts(table["text"], side, generator) for side in (inside, ~inside))
    return Description(
        count=int(inside.sum()),
        total=len(table),
        columns=tuple(_summary(name, table[name], inside, top=top) for name in columns),
        differences=tuple(differences[:top]),
        words=tuple(apart(mine, others)),
        texts=len(mine) + len(others),
    )


def _counted(values: pd.Series) -> bool:
    given = values[present(values)]
    if facts.kind(values) != "text":
        return len(given) > 0
    return 0 < given.nunique() <= max(_FEW, _FREE * len(given))


def _summary(name: str, values: pd.Series, inside: NDArray[np.bool_], *, top: int) -> Categories | Numbers:
    given = present(values)
    missing = int((inside & ~given).sum())
    mine = values[inside & given]
    if facts.kind(values) in ("number", "date"):
        ends: list[Any] = [mine.min(), mine.quantile(0.5), mine.max()] if len(mine) else [None] * 3
        least, median, largest = map(_plain, ends)
        return Numbers(name, least, median, largest, missing)
    counts, totals = Counter(mine.astype(str)), Counter(values[given].astype(str))
    leading = sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:top]
    shown = tuple(Count(value, count, totals[value]) for value, count in leading)
    other = counts.total() - sum(each.inside for each in shown)
    return Categories(name, shown, other, len(counts), missing)


def _differences(name: str, values: pd.Series, inside: NDArray[np.bool_]) -> Iterator[Difference]:
    given = present(values)
    mine, others = values[inside & given], values[~inside & given]
    if facts.kind(values) in ("number", "date"):
        one, two = _floats(mine), _floats(others)
        if min(len(one), len(two)) >= _LEAST:
            yield from _of_numbers(name, one, two)
        return
    counts, rest = Counter(mine.astype(str)), Counter(others.astype(str))
    if counts and rest:
        for value in sorted({*counts, *rest}):
            found = counts[value], rest[value]
            yield _of_value(name, value, found, (counts.total(), rest.total()))


def _of_numbers(name: str, one: NDArray[np.float64], two: NDArray[np.float64]) -> Iterator[Difference]:
    n, m = len(one), len(two)
    spreads = one.var(ddof=1), two.var(ddof=1)
    pooled = ((n - 1) * spreads[0] + (m - 1) * spreads[1]) / (n + m - 2)
    if pooled > 0:
        apart_by = float(one.mean() - two.mean())
        error = float(np.sqrt(spreads[0] / n + spreads[1] / m))
        yield Difference(name, "", apart_by / float(np.sqrt(pooled)), apart_by / error, n, m)


def _of_value(name: str, value: str, found: tuple[int, int], of: tuple[int, int]) -> Difference:
    shares = found[0] / of[0], found[1] / of[1]
    pooled = sum(found) / sum(of)
    error = np.sqrt(pooled * (1 - pooled) * (1 / of[0] + 1 / of[1]))
    score = float((shares[0] - shares[1]) / error) if error > 0 else 0.0
    lift = shares[0] / shares[1] if shares[1] else float("inf")
    return Difference(name, value, lift, score, *found)


def _texts(texts: pd.Series, mask: NDArray[np.bool_], generator: np.random.Generator) -> list[str]:
    places = np.flatnonzero(mask & present(texts))
    if len(places) > MOST_TEXTS:
        places = np.sort(generator.choice(places, MOST_TEXTS, replace=False))
    return list(texts.iloc[places])


def _floats(values: pd.Series) -> NDArray[np.float64]:
    if facts.kind(values) == "date":
        return np.asarray(values.astype("int64"), dtype=np.float64)
    return np.asarray(values, dtype=np.float64)


def _plain(value: Any) -> float | str | None:
    if value is None:
        return None
    return str(value.isoformat()) if isinstance(value, pd.Timestamp) else float(value)
