"""How alike items are: to those before them, to decided ones, and what is usual among the nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.triage import axes

NEAR = 10  # nearest items that say what is usual
ALIKE = 0.95  # cosine from which items count as one group
_NUMBERS = 1 << 24  # similarities at once

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Compared:
    """n items compared with each other; NaN and -1 where an item has no point."""

    earlier: Floats  # (n,): cosine to the most alike item that came before
    group: Floats  # (n,): items with a cosine of at least `ALIKE`, itself included
    near: Rows  # (n, k): the k nearest others, nearest first


class Texts(Protocol):
    """n texts whose distances can be told, such as `duplicates.texts.Trigrams`."""

    def __len__(self) -> int: ...

    def distances(self, start: int, stop: int, begin: int) -> NDArray[Any]:
        """The distances (stop - start, n - begin) of texts start … stop to all from `begin` on: 1 is nothing alike."""


@dataclass(frozen=True, eq=False)
class Repeats:
    """How n texts repeat earlier ones; NaN for the first."""

    earlier: Floats  # (n,): likeness to the most alike text that came before
    lead: Floats  # (n,): how much more alike this one is to that text than any other is


def directions(points: ArrayLike) -> NDArray[np.float32]:
    """Points (n, d) about their mean, of length 1; rows that are not `axes.known`, and those at the mean, are 0."""
    rows = np.array(points, dtype=np.float32)
    known = axes.known(rows)
    if known.any():
        rows -= rows[known].mean(axis=0)
    rows[~known] = 0.0
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def compared(
    points: ArrayLike, age: ArrayLike, *, seller: ArrayLike | None = None, near: int = NEAR
) -> Compared:
    """All items compared by the cosine of their `directions`; `age` (n,) is larger for later ones, equals are in row
    order. With the `seller` (n,) of each item, a number, or -1 where it is unknown, an earlier item is one of another
    seller. It takes a time that grows with n², in blocks."""
    rows = directions(points)
    count = len(rows)
    given = rows.any(axis=1)
    turn, own = _turns(age), _sellers(seller, count)
    earlier, group = np.full(count, np.nan), np.full(count, np.nan)
    nearest = np.full((count, min(near, max(0, count - 1))), -1, dtype=np.int64)
    size = max(1, _NUMBERS // max(1, count))
    for first in range(0, count, size):
        part = np.arange(first, min(first + size, count))
        alike = rows[part] @ rows.T
        alike[:, ~given] = -np.inf
        group[part] = (alike >= ALIKE - 1e-6).sum(axis=1)
        alike[np.arange(len(part)), part] = -np.inf
        if nearest.shape[1]:
            nearest[part] = _largest(alike, nearest.shape[1])
        alike[(turn >= turn[part][:, None]) | (own[part][:, None] == own)] = -np.inf
        earlier[part] = alike.max(axis=1, initial=-np.inf)
    earlier[~np.isfinite(earlier)] = np.nan
    earlier[~given], group[~given], nearest[~given] = np.nan, np.nan, -1
    return Compared(earlier, group, nearest)


def repeats(texts: Texts, age: ArrayLike, *, seller: ArrayLike | None = None) -> Repeats:
    """How each text repeats an earlier one; `age` and `seller` (n,) as in `compared`. It takes a time that grows with
    n².

    Copies are each other's most alike, while the texts of one series are alike among many: hence the lead. Where
    sellers are known, only texts of different ones are compared: many write all theirs in one manner.
    """
    count = len(texts)
    turn, own = _turns(age), _sellers(seller, count)
    best, second, earlier = (np.full(count, -np.inf) for _ in range(3))
    most, source = np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    size = max(1, _NUMBERS // max(1, count))
    for first in range(0, count if count > 1 else 0, size):
        part = np.arange(first, min(first + size, count))
        alike = 1.0 - np.asarray(texts.distances(first, int(part[-1]) + 1, 0), dtype=np.float32)
        alike[own[part][:, None] == own] = -np.inf
        most[part] = alike.argmax(axis=1)
        two = np.partition(alike, -2, axis=1)[:, -2:]
        second[part], best[part] = two[:, 0], two[:, 1]
        alike[turn[None, :] >= turn[part][:, None]] = -np.inf
        source[part], earlier[part] = alike.argmax(axis=1), alike.max(axis=1)
    rival = np.where(most[source] == np.arange(count), second[source], best[source])
    rival[~np.isfinite(rival)] = 0.0  # of two texts, neither has a rival
    earlier[~np.isfinite(earlier)] = np.nan
    return Repeats(earlier, earlier - rival)


def _sellers(seller: ArrayLike | None, count: int) -> Rows:
    """A number for the seller of each item (n,); an item of unknown seller has one of its own."""
    given = np.full(count, -1) if seller is None else np.asarray(seller, dtype=np.int64)
    return np.where(given < 0, -1 - np.arange(count), given)


def _turns(age: ArrayLike) -> Rows:
    """The place (n,) of each item in the order of age."""
    given = np.asarray(age, dtype=np.float64)
    turn = np.empty(len(given), dtype=np.int64)
    turn[np.argsort(given, kind="stable")] = np.arange(len(given))
    return turn


def to_any(points: ArrayLike, rows: ArrayLike) -> Floats:
    """The cosine (n,) of each item's direction to the most alike of some rows; NaN without any, or without a point."""
    found, chosen = directions(points), np.asarray(rows, dtype=np.int64)
    chosen = chosen[found[chosen].any(axis=1)]
    if not len(chosen):
        return np.full(len(found), np.nan)
    alike = np.full(len(found), -np.inf)
    for first in range(0, len(chosen), 1000):
        alike = np.maximum(alike, (found @ found[chosen[first : first + 1000]].T).max(axis=1))
    return np.where(found.any(axis=1), alike, np.nan)


def unusual(values: ArrayLike, near: Rows) -> Floats:
    """How far each value (n,) is from the median of its nearest items (n, k), in logarithms where all are positive."""
    given = np.asarray(values, dtype=np.float64)
    known = given[np.isfinite(given)]
    if len(known) and known.min() > 0:
        given = np.log(given)
    around = np.where(near >= 0, given[near], np.nan)
    usual = np.full(len(given), np.nan)
    some = np.isfinite(around).any(axis=1) if near.shape[1] else np.zeros(len(given), dtype=np.bool_)
    usual[some] = np.nanmedian(around[some], axis=1)
    return np.abs(given - usual)


def _largest(alike: NDArray[np.float32], count: int) -> Rows:
    """The columns of the `count` largest values of each row, largest first; -1 for -inf."""
    some = np.argpartition(-alike, count - 1, axis=1)[:, :count]
    values = np.take_along_axis(alike, some, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    found = np.take_along_axis(some, order, axis=1)
    return np.where(np.isfinite(np.take_along_axis(values, order, axis=1)), found, -1)
