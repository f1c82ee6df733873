"""Numba loops for the effect of deleting one point on all neighbourhoods; single-threaded, without the GIL."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

_compiled = njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def places(order: Any, chosen: Any, ranks: Any, near: Any) -> int:
    """Writes `ranks` (1 is nearest) of the chosen points in a row of `order`, and the inverse `near`; returns n."""
    rank = 0
    for place in range(1, len(order)):  # position 0 is the point itself
        j = order[place]
        if chosen[j]:
            rank += 1
            ranks[j] = rank
            near[rank] = j
    return rank


@_compiled
def common_change(s: int, t: int, p: int, q: int, k: int, rx: Any, rz: Any) -> int:
    """Change in common neighbours on deleting the point with ranks s and t; p and q move up, -1 for none."""
    change = -1 if s <= k and t <= k else 0
    first = s <= k and p >= 0 and rz[p] - (rz[p] > t) <= k
    second = t <= k and q >= 0 and rx[q] - (rx[q] > s) <= k
    return change + first + (second and not (first and p == q))


@_compiled
def excess_change(s: int, t: int, q: int, k: int, rx: Any, beyond: Any) -> int:
    """Change of Σ max(0, rank before - k) over the neighbours after, on deleting the point with ranks s and t.

    `beyond[r]` counts the neighbours after whose rank before is at least r and greater than k.
    """
    change = -beyond[s + 1]
    if t <= k:
        change -= max(0, s - k)
        if q >= 0:
            change += max(0, rx[q] - (rx[q] > s) - k)
    return change


@_compiled
def left_out(order_x: Any, order_z: Any, chosen: Any, item: Any, k: int, moved: Any) -> Any:
    """Sums over the chosen points (3,): common neighbours, and excess over k of ranks before and after.

    `order_x` and `order_z` (n, n) list the points of each row, nearest first, starting with the point itself. Adds the
    change of the sums on deleting each point to `moved` (n, 3); its own row and the rows of the same `item` (n,) count
    without their contributions to each other.
    """
    n = order_x.shape[0]
    sums = np.zeros(3)
    rx, rz = np.zeros(n, np.int64), np.zeros(n, np.int64)
    by_x, by_z = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    far_x, far_z = np.zeros(n + 2, np.int64), np.zeros(n + 2, np.int64)
    for i in range(n):
        if not chosen[i]:
            continue
        others = places(order_x[i], chosen, rx, by_x)
        places(order_z[i], chosen, rz, by_z)
        far_x[:], far_z[:] = 0, 0
        common, false, lost = 0, 0, 0
        for rank in range(1, k + 1):
            after, before = rz[by_x[rank]], rx[by_z[rank]]
            common += after <= k
            if after > k:
                lost += after - k
                far_z[after] += 1
            if before > k:
                false += before - k
                far_x[before] += 1
        for rank in range(others, 0, -1):
            far_x[rank] += far_x[rank + 1]
            far_z[rank] += far_z[rank + 1]
        sums += np.array([common, false, lost])
        moved[i] -= np.array([common, false, lost])
        p, q = (by_x[k + 1], by_z[k + 1]) if others > k else (-1, -1)
        for s in range(1, others + 1):
            j = by_x[s]
            t = rz[j]
            if item[j] != item[i]:
                if s <= k or t <= k:
                    moved[j, 0] += common_change(s, t, p, q, k, rx, rz)
                moved[j, 1] += excess_change(s, t, q, k, rx, far_x)
                moved[j, 2] += excess_change(t, s, p, k, rz, far_z)
    return sums


@_compiled
def left_out_worse(order_x: Any, order_z: Any, chosen: Any, item: Any, table: Any, moved: Any) -> float:
    """Sum of table[max(rank before, rank after)] over ordered pairs of chosen points; `moved` (n,) as in `left_out`."""
    n = order_x.shape[0]
    total = 0.0
    rx, rz = np.zeros(n, np.int64), np.zeros(n, np.int64)
    by_x, by_z = np.zeros(n + 1, np.int64), np.zeros(n + 1, np.int64)
    drops = np.zeros((3, n + 2))  # gain of a pair by one rank less: worse before, worse after, equal
    for i in range(n):
        if not chosen[i]:
            continue
        others = places(order_x[i], chosen, rx, by_x)
        places(order_z[i], chosen, rz, by_z)
        drops[:] = 0.0
        own = 0.0
        for s in range(1, others + 1):
            t = rz[by_x[s]]
            worse = max(s, t)
            own += table[worse]
            drops[0 if s > t else (1 if t > s else 2), worse] += table[worse - 1] - table[worse]
        for rank in range(others, 0, -1):
            for kind in range(3):
                drops[kind, rank] += drops[kind, rank + 1]
        total += own
        moved[i] -= own
        for s in range(1, others + 1):
            j = by_x[s]
            t = rz[j]
            if item[j] != item[i]:
                worse = max(s, t)
                moved[j] += drops[0, s + 1] + drops[1, t + 1] + drops[2, worse + 1] - table[worse]
    return total


@_compiled
def count_moves(
    distances: Any, limits: Any, rows: Any, columns: Any, first: int, rises: Any, moved: Any
) -> None:
    """Adds the rise of the gains of a block's queries on deleting each rival to `moved` (n, figures), in place.

    Arguments as in `count_rivals`; rises (2, n, figures) is each query's gain from one rival less, in both directions.
    """
    for b in range(distances.shape[0]):
        i = first + b
        for j in range(distances.shape[1]):
            distance = distances[b, j]
            if distance <= limits[i] and columns[j] != columns[i]:
                for figure in range(moved.shape[1]):
                    moved[j, figure] += rises[0, i, figure]
            if distance <= limits[j] and rows[i] != rows[j]:
                for figure in range(moved.shape[1]):
                    moved[i, figure] += rises[1, j, figure]
