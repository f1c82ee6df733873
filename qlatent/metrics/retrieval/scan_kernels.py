"""Numba loops of an exact search that reads stored vectors once and keeps nothing of them. Without the GIL.

A float32 product rules out nearly all rows; what is left within the rounding of float32 is computed in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_compiled = njit(cache=True, nogil=True, error_model="numpy")
# NaN must stay NaN here, since rows with NaN are recognised by it
_summed = njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})

COSINE, EUCLIDEAN = 0, 1
ROWS = 256  # rows whose products are held at once when there are few queries
LANES = 64  # rows per check against the limit
SMALLEST, LARGEST = 1e-30, 1e38  # a squared length outside is computed anew in float64


@_summed
def _dot(query: Any, rows: Any, i: int) -> Any:
    total = np.float32(0.0)
    for j in range(rows.shape[1]):
        total += query[j] * rows[i, j]
    return total


@_summed
def _dots_and_squares(query: Any, rows: Any, first: int, products: Any, squares: Any) -> None:
    """q·x and |x|² in float32 of the rows from `first` on, each read once; slices of rows would take as long."""
    for i in range(len(squares)):
        total, square = np.float32(0.0), np.float32(0.0)
        for j in range(rows.shape[1]):
            value = rows[first + i, j]
            total += query[j] * value
            square += value * value
        products[i], squares[i] = total, square


@_summed
def _square(row: Any) -> float:
    total = 0.0
    for j in range(len(row)):
        value = np.float64(row[j])
        total += value * value
    return total


@_summed
def _exact_dot(query: Any, row: Any) -> float:
    total = 0.0
    for j in range(len(row)):
        total += query[j] * np.float64(row[j])
    return total


@_summed
def _exact_gap(query: Any, row: Any) -> float:
    total = 0.0
    for j in range(len(row)):
        difference = query[j] - np.float64(row[j])
        total += difference * difference
    return total


@_summed
def _hits(products: Any, factors: Any, terms: Any, limit: Any) -> int:
    """How many of the rows reach the limit; NaN never does."""
    found = 0
    for j in range(len(products)):
        found += products[j] * factors[j] + terms[j] >= limit
    return found


@_summed
def _squares(rows: Any, squares: Any) -> None:
    """|x|² in float32 of each row."""
    for i in range(len(squares)):
        square = np.float32(0.0)
        for j in range(rows.shape[1]):
            square += rows[i, j] * rows[i, j]
        squares[i] = square


@_compiled
def _bounds(
    kind: int, rows: Any, first: int, wanted: Any, squares: Any, slack: float, factors: Any, terms: Any
) -> None:
    """Factors and terms that turn q·x into bounds, from |x|² in float32 of the rows from `first` on."""
    half = np.float32(slack - 0.5)
    for i in range(len(squares)):
        if kind == COSINE:
            factors[i], terms[i] = np.float32(1.0) / np.sqrt(squares[i]), np.float32(0.0)
        else:
            factors[i], terms[i] = np.float32(1.0), half * squares[i]
    for i in range(len(squares)):
        if not wanted[first + i]:
            factors[i] = np.float32(np.nan)
        elif not SMALLEST < squares[i] < LARGEST:  # also NaN
            factors[i], terms[i] = _exact_bound(kind, rows[first + i], slack)


@_compiled
def _exact_bound(kind: int, row: Any, slack: float) -> Any:
    """Factor and term of a row whose squared length float32 does not hold; NaN if it cannot be found."""
    square = _square(row)
    if not np.isfinite(square) or (kind == COSINE and square == 0.0):
        return np.float32(np.nan), np.float32(np.nan)
    if kind == COSINE:
        return np.float32(1.0 / np.sqrt(square)), np.float32(0.0)
    return np.float32(1.0), np.float32((slack - 0.5) * square)


@_compiled
def measure(kind: int, rows: Any, wanted: Any, slack: float, factors: Any, terms: Any) -> None:
    """Fills what turns products q·x into bounds, for a block of rows (b, d): q·x · factor + term.

    By cosine the bound is q·x / |x|, by Euclidean distance q·x − |x|² / 2 + rounding. Rows that are not finite, not
    `wanted` (b,), or by cosine zero, get NaN, so that they are never found.
    """
    squares = np.empty(len(rows), dtype=np.float32)
    _squares(rows, squares)
    _bounds(kind, rows, 0, wanted, squares, slack, factors, terms)


@_compiled
def _insert(scores: Any, found: Any, score: float, row: int) -> None:
    """Inserts a candidate before the first that it precedes: a lower score, or an equal one of a later row."""
    place = len(scores) - 1
    while place > 0 and (
        scores[place - 1] < score or (scores[place - 1] == score and found[place - 1] > row)
    ):
        scores[place], found[place] = scores[place - 1], found[place - 1]
        place -= 1
    scores[place], found[place] = score, row


@_compiled
def _limit(kind: int, worst: float, own: float, slack: float) -> Any:
    """The least bound with which a row can still have the score `worst`; `own` is |q|²."""
    if kind == COSINE:
        return np.float32(worst - slack)
    return np.float32(0.5 * (own - worst * worst) - slack * own)


@_compiled
def select(
    kind: int, products: Any, rows: Any, factors: Any, terms: Any,
    queries: Any, slack: float, first_row: int, scores: Any, found: Any,
) -> None:  # fmt: skip
    """Updates the k best of each query with a block of rows, in place.

    `products` (q, b) float32 are q·x; `rows` (b, d), whose first has number `first_row`, with `factors` and `terms` of
    `measure`; `queries` (q, d) float64, by cosine of unit length; `scores` and `found` (q, k), best first.
    """
    for i in range(len(products)):
        best, numbers, query = scores[i], found[i], queries[i]
        own = _square(query)
        limit = _limit(kind, best[-1], own, slack)
        for first in range(0, len(rows), LANES):
            last = min(first + LANES, len(rows))
            if _hits(products[i, first:last], factors[first:last], terms[first:last], limit) == 0:
                continue
            for j in range(first, last):
                if not products[i, j] * factors[j] + terms[j] >= limit:
                    continue
                if kind == COSINE:
                    score = min(1.0, max(-1.0, _exact_dot(query, rows[j]) / np.sqrt(_square(rows[j]))))
                else:
                    score = -np.sqrt(_exact_gap(query, rows[j]))
                row = first_row + j
                if score > best[-1] or (score == best[-1] and row < numbers[-1]):
                    _insert(best, numbers, score, row)
                    limit = _limit(kind, best[-1], own, slack)


@_compiled
def scan(
    kind: int, rows: Any, wanted: Any, asked: Any, queries: Any, slack: float, first_row: int, scores: Any, found: Any
) -> None:  # fmt: skip
    """Updates the k best of a few queries with rows (b, d), each read once, in place.

    `asked` (q, d) are the `queries` in float32; the rest as in `select`.
    """
    products = np.empty((len(asked), ROWS), dtype=np.float32)
    squares, factors, terms = (
        np.empty(ROWS, dtype=np.float32), np.empty(ROWS, dtype=np.float32), np.empty(ROWS, dtype=np.float32)
    )  # fmt: skip
    for first in range(0, len(rows), ROWS):
        size = min(ROWS, len(rows) - first)
        _dots_and_squares(asked[0], rows, first, products[0, :size], squares[:size])
        _bounds(kind, rows, first, wanted, squares[:size], slack, factors, terms)
        for i in range(1, len(asked)):
            for j in range(size):
                products[i, j] = _dot(asked[i], rows, first + j)
        select(
            kind, products[:, :size], rows[first : first + size], factors[:size], terms[:size],
            queries, slack, first_row + first, scores, found,
        )  # fmt: skip
