"""Numba loops of the search: select candidates from a matrix product and compute their exact costs. Without the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_compiled = njit(cache=True, nogil=True, error_model="numpy")
_vectorised = njit(
    cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "nnan"}
)

EUCLIDEAN, COSINE, FIDELITY = 0, 1, 2
LANES = 64  # candidates per group
FACTORS = 8  # overlaps between two checks of their product
SMALL = 1e-200  # smaller products are converted to logarithms; 8 further overlaps give at least 1e-248
FLOOR = 1e-6  # lower bound of an overlap, as in `distances`
ROUNDED_UP = 1.0 + 1e-9
ROUNDING = 1.0 - 1e-9  # margin for the rounding of exp, so that no candidate is lost
OPPOSITE = 1.3e-5  # maximum excess of a squared angle over that at which the floor begins


@_compiled
def reach(kind: int, cost: float, width: int) -> float:
    """The largest squared distance |p - q|² that allows a cost of at most `cost`.

    Euclidean: cost². Cosine, on unit vectors: 2 cost. Fidelity, on angles: a qubit's cost -2 ln cos(x/2) is convex in
    x², so by Jensen's inequality the cost is at least -2 k ln cos(√(D/k)/2), which is inverted here.
    """
    if kind == EUCLIDEAN:
        return cost * cost
    if kind == COSINE:
        return 2.0 * cost
    angle = 2.0 * np.arccos(np.exp(-cost / (2.0 * width)))
    return width * (angle * angle + OPPOSITE)


@_vectorised
def _euclidean(query: Any, row: Any) -> float:
    total = 0.0
    for j in range(len(row)):
        difference = query[j] - np.float64(row[j])
        total += difference * difference
    return np.sqrt(total)


@_vectorised
def _cosine(query: Any, row: Any) -> float:
    dot, squares, own = 0.0, 0.0, 0.0
    for j in range(len(row)):
        value = np.float64(row[j])
        dot += query[j] * value
        squares += value * value
        own += query[j] * query[j]
    norms = np.sqrt(own) * np.sqrt(squares)
    return 1.0 if norms == 0.0 else 1.0 - max(-1.0, min(1.0, dot / norms))


@_vectorised
def _overlaps(up: Any, down: Any, row: Any, first: int, last: int) -> float:
    """The product of the overlaps of qubits first … last - 1."""
    product = 1.0
    for j in range(first, last):
        z = max(-1.0, min(1.0, np.float64(row[j])))
        overlap = up[j] * np.sqrt(0.5 + 0.5 * z) + down[j] * np.sqrt(0.5 - 0.5 * z)
        product *= max(overlap, FLOOR)
    return product


@_compiled
def _fidelity(up: Any, down: Any, row: Any, worst: float, least: float) -> float:
    """Minus log F, or infinity as soon as it exceeds `worst`. `least` is exp(-worst / 2)."""
    cost, product = 0.0, 1.0
    width = len(row)
    for first in range(0, width, FACTORS):
        product *= _overlaps(up, down, row, first, min(width, first + FACTORS))
        if product < least:
            return np.inf
        if product < SMALL:  # logarithms are slow, and most candidates need none
            cost -= 2.0 * np.log(product)
            product, least = 1.0, np.exp(0.5 * (cost - worst)) * ROUNDING
    return max(cost - 2.0 * np.log(product), 0.0)


@_compiled
def _ones(word: Any) -> Any:
    """The number of set bits of a 64-bit word."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@_compiled
def _opposed(asked: Any, row: Any, prices: Any) -> float:
    """Lower bound of the cost from qubits near opposite poles; both (words, 1 + levels), see `search.poles`."""
    cost = 0.0
    for word in range(len(asked)):
        differ = asked[word, 0] ^ row[word, 0]
        for level in range(len(prices)):
            both = differ & asked[word, level + 1] & row[word, level + 1]
            if both == 0:
                break  # a bit set at a level is set at every lower level
            cost += prices[level] * _ones(both)
    return cost


@_compiled
def _insert(costs: Any, rows: Any, cost: float, row: int) -> None:
    """Inserts a candidate that is nearer than the last one, after all of equal cost, in place."""
    place = np.searchsorted(costs, cost, side="right")
    for later in range(len(costs) - 1, place, -1):
        costs[later] = costs[later - 1]
        rows[later] = rows[later - 1]
    costs[place] = cost
    rows[place] = row


@_vectorised
def _largest(products: Any, halves: Any, first: int, last: int) -> Any:
    largest = np.float32(-np.inf)
    for j in range(first, last):
        largest = max(largest, products[j] - halves[j])
    return largest


@_compiled
def refine(
    kind: int, products: Any, halves: Any, squares: Any, slack: Any, first_row: int, rows: Any,
    queries: Any, up: Any, down: Any, asked_poles: Any, poles: Any, prices: Any, skipped: Any, costs: Any, found: Any,
) -> None:  # fmt: skip
    """Updates the k best of each query with the candidates of a block, in place.

    `products` (q, b) are p·q of the points, `halves` (b,) half of |p|², `squares` (q,) |q|², `slack` (q,) the rounding
    error of |p - q|². Only candidates whose distance allows a cost below the k-th best are computed exactly, from
    `rows` (b, d), whose first row has number `first_row`. `queries`, `up` and `down` are (q, d) float64; `asked_poles`
    and `poles` are the bits of queries and rows with their `prices`, empty unless for fidelity; `skipped` (q,) is an
    excluded row or -1; `costs` and `found` (q, k) are ascending.
    """
    width = rows.shape[1]
    for i in range(len(products)):
        line, best, numbers = products[i], costs[i], found[i]
        worst = best[-1]
        least = np.exp(-0.5 * worst) * ROUNDING
        limit = 0.5 * (squares[i] - reach(kind, worst, width) - slack[i])
        for first in range(0, len(halves), LANES):
            last = min(first + LANES, len(halves))
            if _largest(line, halves, first, last) < limit:
                continue
            for j in range(first, last):
                if line[j] - halves[j] < limit or first_row + j == skipped[i]:
                    continue
                if kind == EUCLIDEAN:
                    cost = _euclidean(queries[i], rows[j])
                elif kind == COSINE:
                    cost = _cosine(queries[i], rows[j])
                elif _opposed(asked_poles[i], poles[j], prices) > worst * ROUNDED_UP:
                    continue
                else:
                    cost = _fidelity(up[i], down[i], rows[j], worst, least)
                if cost < worst:
                    _insert(best, numbers, cost, first_row + j)
                    worst = best[-1]
                    least = np.exp(-0.5 * worst) * ROUNDING
                    limit = 0.5 * (squares[i] - reach(kind, worst, width) - slack[i])
