"""Describe a selection: its counts by column, and what sets it apart from the rest of the dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qlatent.services.datasets import coded, facts
from qlatent.services.datasets.coded import Column, Texts
from qlatent.services.selections.words import Word, apart
from qlatent.store.workspace import Workspace

SHOWN = 8  # values of a column
MOST_TEXTS = 20_000  # read of the selection, and of the rest
_FREE = 0.5  # a text column with more distinct values than this share of its rows is free text, and more than `_FEW`
_FEW = 50
_LEAST = 2  # values of a number inside and outside, for a spread
Figures = NDArray[np.float64]
Pair = tuple[NDArray[np.int64], NDArray[np.int64]]  # how many items inside and in the rest have each value


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
    """The description of some rows of a dataset, see `of_columns`.

    Columns are label, split and metadata; they are kept in memory, so that a second selection is only counted.
    """
    texts = workspace.items.table(dataset, columns=["text"])["text"]
    return of_columns(coded.columns_of(workspace, dataset), rows, texts=texts, top=top, seed=seed)


def of_columns(
    columns: Mapping[str, Column],
    rows: NDArray[np.int64],
    *,
    texts: pa.ChunkedArray,
    top: int = SHOWN,
    seed: int = 0,
) -> Description:
    """The description of some of n items by their columns, without free text, and their texts (n,).

    Of more than `MOST_TEXTS` texts on either side, a random sample of that many is compared.
    """
    inside = np.zeros(len(texts), dtype=np.bool_)
    inside[rows] = True
    counted = {name: each for name, each in columns.items() if _counted(each)}
    differences = [
        found for name, each in counted.items() for found in _differences(name, each, inside, top=top)
    ]
    differences.sort(key=lambda each: -abs(each.score))
    mine, others = _compared(texts, inside, np.random.default_rng(seed))
    return Description(
        count=int(inside.sum()),
        total=len(texts),
        columns=tuple(_summary(name, each, inside, top=top) for name, each in counted.items()),
        differences=tuple(differences[:top]),
        words=tuple(apart(mine, others)),
        texts=len(mine) + len(others),
    )


def _counted(column: Column) -> bool:
    if not isinstance(column, Texts):
        return bool(column.notna().any())
    return 0 < len(column.values) <= max(_FEW, _FREE * int(column.given.sum()))


def _summary(name: str, column: Column, inside: NDArray[np.bool_], *, top: int) -> Categories | Numbers:
    if not isinstance(column, Texts) and facts.kind(column) in ("number", "date"):
        given = column.notna().to_numpy()
        mine = column[inside & given]
        ends: list[Any] = [mine.min(), mine.quantile(0.5), mine.max()] if len(mine) else [None] * 3
        least, median, largest = map(_plain, ends)
        return Numbers(name, least, median, largest, int((inside & ~given).sum()))
    texts = _as_texts(column)
    counts = texts.counted(inside)
    leading = np.argsort(-counts, kind="stable")[
        :top
    ]  # values are sorted, so equal counts are in their order
    shown = tuple(
        Count(texts.values[int(each)].as_py(), int(counts[each]), int(texts.totals[each]))
        for each in leading
        if counts[each]
    )
    other = int(counts.sum()) - sum(each.inside for each in shown)
    return Categories(name, shown, other, int((counts > 0).sum()), int(inside.sum() - counts.sum()))


def _differences(name: str, column: Column, inside: NDArray[np.bool_], *, top: int) -> Iterator[Difference]:
    """The differences in a column, of values the `top` surest."""
    if not isinstance(column, Texts) and facts.kind(column) in ("number", "date"):
        given = column.notna().to_numpy()
        one, two = _floats(column[inside & given]), _floats(column[~inside & given])
        if min(len(one), len(two)) >= _LEAST:
            yield from _of_numbers(name, one, two)
        return
    texts = _as_texts(column)
    counts = texts.counted(inside)
    rest = texts.totals - counts
    of = int(counts.sum()), int(rest.sum())
    if min(of):
        scores = np.abs(_scores((counts, rest), of)[2])
        for each in np.argsort(-scores, kind="stable")[:top]:
            yield _of_value(
                name, texts.values[int(each)].as_py(), (counts[each : each + 1], rest[each : each + 1]), of
            )


def _as_texts(column: Column) -> Texts:
    """Truth values as texts, and texts as they are."""
    if isinstance(column, Texts):
        return column
    codes = column.astype("Int8").fillna(-1).to_numpy(dtype=np.int8)
    return Texts(pa.array(["False", "True"]), codes)


def _of_numbers(name: str, one: NDArray[np.float64], two: NDArray[np.float64]) -> Iterator[Difference]:
    n, m = len(one), len(two)
    spreads = one.var(ddof=1), two.var(ddof=1)
    pooled = ((n - 1) * spreads[0] + (m - 1) * spreads[1]) / (n + m - 2)
    if pooled > 0:
        apart_by = float(one.mean() - two.mean())
        error = float(np.sqrt(spreads[0] / n + spreads[1] / m))
        yield Difference(name, "", apart_by / float(np.sqrt(pooled)), apart_by / error, n, m)


def _scores(found: Pair, of: tuple[int, int]) -> tuple[Figures, Figures, Figures]:
    """The shares (v,) of the values inside and in the rest, and the z-scores (v,) of their differences."""
    shares = found[0] / of[0], found[1] / of[1]
    pooled = (found[0] + found[1]) / sum(of)
    error = np.sqrt(pooled * (1 - pooled) * (1 / of[0] + 1 / of[1]))
    known = error > 0
    return *shares, np.where(known, (shares[0] - shares[1]) / np.where(known, error, 1.0), 0.0)


def _of_value(name: str, value: str, found: Pair, of: tuple[int, int]) -> Difference:
    inside, rest, score = (float(each[0]) for each in _scores(found, of))
    lift = inside / rest if rest else float("inf")
    return Difference(name, value, lift, score, int(found[0][0]), int(found[1][0]))


def _compared(
    texts: pa.ChunkedArray, inside: NDArray[np.bool_], generator: np.random.Generator
) -> tuple[list[str], list[str]]:
    """Texts of the selection, and of the rest."""
    given = pc.fill_null(pc.not_equal(texts, ""), False).to_numpy()
    found = []
    for side in (inside, ~inside):
        places = np.flatnonzero(side & given)
        if len(places) > MOST_TEXTS:
            places = np.sort(generator.choice(places, MOST_TEXTS, replace=False))
        found.append(texts.take(pa.array(places)).to_pylist())
    return found[0], found[1]


def _floats(values: pd.Series) -> NDArray[np.float64]:
    if facts.kind(values) == "date":
        return np.asarray(values.astype("int64"), dtype=np.float64)
    return np.asarray(values, dtype=np.float64)


def _plain(value: Any) -> float | str | None:
    if value is None:
        return None
    return str(value.isoformat()) if isinstance(value, pd.Timestamp) else float(value)
