"""Numba loops over all pairs of points and over ranks of rows; single-threaded, without the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_compiled = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def centred_ranks(order: Any, ordered: Any) -> Any:
    """Centred ranks of the values sorted by `order`, in the original order; ties get their mean rank."""
    n = len(order)
    result = np.empty(n)
    first = 0
    while first < n:
        last = first
        while last + 1 < n and ordered[last + 1] == ordered[first]:
            last += 1
        rank = 0.5 * (first + last) - 0.5 * (n - 1)
        for place in range(first, last + 1):
            result[order[place]] = rank
        first = last + 1
    return result


@_compiled
def above(order: Any, ordered: Any, other: Any) -> Any:
    """For each value, the sum of `other` over larger values plus half its sum over equal values, itself included."""
    result = np.empty_like(other)
    running = 0.0
    last = len(order) - 1
    while last >= 0:
        first = last
        total = other[order[last]]
        while first > 0 and ordered[first - 1] == ordered[last]:
            first -= 1
            total += other[order[first]]
        for place in range(first, last + 1):
            result[order[place]] = running + 0.5 * total
        running += total
        last = first - 1
    return result


@_compiled
def row_sums(pairs: Any, n: int) -> Any:
    """Sum of the condensed `pairs` (n(n-1)/2,) that contain each of the n points: (n,)."""
    result = np.zeros(n)
    position = 0
    for i in range(n):
        own = 0.0
        for j in range(i + 1, n):
            own += pairs[position]
            result[j] += pairs[position]
            position += 1
        result[i] += own
    return result


@_compiled
def rank_excess(distances: Any, neighbours: Any) -> Any:
    """Total by which the ranks of each row's `neighbours` (n, k) in `distances` (n, n) exceed k: (n,).

    Rank 1 is the nearest other point; ties are ordered by point number. Counts the nearer points of n·k pairs instead
    of sorting n rows.
    """
    n, k = neighbours.shape
    result = np.zeros(n)
    for i in range(n):
        row = distances[i]
        for place in range(k):
            j = neighbours[i, place]
            limit = row[j]
            nearer = 0
            for m in range(j):
                nearer += row[m] <= limit
            for m in range(j, n):
                nearer += row[m] < limit
            if row[i] < limit or (row[i] == limit and i < j):  # the point itself
                nearer -= 1
            result[i] += max(0, nearer + 1 - k)
    return result


@_compiled
def settle_ties(order: Any, distances: Any) -> None:
    """Sorts ties in each row of `order` (n, n) by point number, in place."""
    n = order.shape[0]
    for i in range(n):
        first = 0
        while first < n:
            last = first
            while last + 1 < n and distances[i, order[i, last + 1]] == distances[i, order[i, first]]:
                last += 1
            if last > first:
                order[i, first : last + 1] = np.sort(order[i, first : last + 1])
            first = last + 1


@_compiled
def worse_rank_sums(ranks_x: Any, ranks_z: Any, table: Any) -> Any:
    """Sum over j of table[max(rank of j before, rank of j after)] for each row, without the point itself: (n,)."""
    n = ranks_x.shape[0]
    result = np.zeros(n)
    for i in range(n):
        for j in range(n):
            if j != i:
                result[i] += table[max(ranks_x[i, j], ranks_z[i, j])]
    return result


@_compiled
def worse_rank_counts(ranks_x: Any, ranks_z: Any) -> Any:
    """Number of ordered pairs with max(rank before, rank after) = r, for r = 0 … n-1: (n,)."""
    n = ranks_x.shape[0]
    result = np.zeros(n)
    for i in range(n):
        for j in range(n):
            if j != i:
                result[max(ranks_x[i, j], ranks_z[i, j])] += 1.0
    return result


@_compiled
def count_rivals(distances: Any, limits: Any, rows: Any, columns: Any, first: int, rivals: Any) -> None:
    """Adds the rivals in a block of rows (b, n), starting at row `first`, to `rivals` (2, n) in place.

    Row i and column i are partners. rivals[0, i] counts columns within limits[i] of row i whose group differs from
    column i's; rivals[1, j] counts rows within limits[j] of column j whose group differs from row j's. `rows` and
    `columns` (n,) are the groups.
    """
    for b in range(distances.shape[0]):
        i = first + b
        for j in range(distances.shape[1]):
            distance = distances[b, j]
            if distance <= limits[i] and columns[j] != columns[i]:
                rivals[0, i] += 1
            if distance <= limits[j] and rows[i] != rows[j]:
                rivals[1, j] += 1
