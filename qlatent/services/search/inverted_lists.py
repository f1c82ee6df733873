"""Search a part of the vectors: inverted lists, one for each cluster, of which a query reads the nearest.

As the IVF index of faiss, without compression: k-means of a sample of unit vectors gives the centres, each vector is
listed under its nearest centre, and a query scans the lists of its nearest centres exactly. The number of lists read is
chosen so that a sample of the rows finds its own neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.metrics.retrieval import scan_kernels
from qlatent.services.search import nearest
from qlatent.types import Progress

Vectors = NDArray[np.float32]

K = 10  # neighbours whose recall is measured
SAMPLE = 400  # rows whose neighbours are looked up to measure it
WANTED_RECALL = 0.97  # on the sample, to stay above 0.95 elsewhere
_LISTS = 3.0  # times the root of the number of rows
_PER_LIST = 32  # training vectors for each centre
_ROUNDS = 6  # of k-means
_BLOCK = 8192  # rows assigned at once
_PROBES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024)


def _in_memory(shape: tuple[int, int]) -> Vectors:
    return np.empty(shape, dtype=np.float32)


@dataclass(frozen=True)
class Lists:
    """Inverted lists of rows with a direction; all arrays may be memory maps."""

    centres: Vectors  # (lists, d), of length 1
    edges: NDArray[np.int64]  # (lists + 1,): list i has the places edges[i] … edges[i + 1] - 1
    rows: NDArray[np.int64]  # (n,) the row at each place, ascending within a list
    vectors: Vectors  # (n, d) the vector at each place
    probes: int = 8  # lists that a query reads
    recall: float = float("nan")  # share of the 10 nearest that it finds with so many, measured

    def top_k(self, queries: NDArray[Any], *, k: int) -> tuple[nearest.Indices, nearest.Scores]:
        """The k nearest rows of each query (q, d) by cosine among the lists read, as from `nearest.top_k`."""
        probes = min(self.probes, len(self.centres))
        near, _ = nearest.top_k(self.centres, queries, k=probes)
        unit = lengths.unit(np.asarray(queries, dtype=np.float64))
        found = [self._one(query[None], lists, k) for query, lists in zip(unit, near, strict=True)]
        return np.stack([rows for rows, _ in found]), np.stack([scores for _, scores in found])

    def named(self, places: nearest.Indices) -> nearest.Indices:
        """The rows at these places, of any shape."""
        return np.where(places == nearest.NOTHING, nearest.NOTHING, self.rows[places])

    def _one(self, query: NDArray[np.float64], lists: NDArray[np.int64], k: int) -> tuple[Any, Any]:
        """The rows and scores (k,) of one query (1, d) in some lists."""
        asked = query.astype(np.float32)
        slack = nearest.rounding(asked.shape[1])
        scores, places = np.full((1, k), -np.inf), np.full((1, k), nearest.NOTHING)
        for each in lists:
            first, last = int(self.edges[each]), int(self.edges[each + 1])
            part = np.asarray(self.vectors[first:last])
            wanted = np.ones(last - first, dtype=np.bool_)
            scan_kernels.scan(scan_kernels.COSINE, part, wanted, asked, query, slack, first, scores, places)
        rows = self.named(places[0])
        order = np.lexsort((rows, -scores[0]))  # places are not in the order of rows
        return rows[order], scores[0][order].astype(np.float32)


def build(
    vectors: NDArray[Any],
    *,
    lists: int = 0,
    seed: int = 0,
    place: Callable[[tuple[int, int]], Vectors] = _in_memory,
    progress: Progress | None = None,
) -> Lists:
    """Inverted lists of the rows of `vectors` (n, d) with a direction, with measured recall; no such row: `InputError`.

    Without a number of `lists`, three times the root of the number of rows. `place` gives the array of a shape that
    is filled with the vectors, such as a memory map. `progress` gets the rows done; it may raise `Cancelled`.
    """
    rng = np.random.default_rng(seed)
    rows = usable(vectors)
    if not len(rows):
        raise InputError("No row has a vector with a direction.", remedy="Encode the items first.")
    lists = lists or round(_LISTS * len(rows) ** 0.5)
    lists = max(1, min(lists, len(rows)))
    mixed = rng.permutation(rows)
    asked = mixed[
        : min(SAMPLE, len(rows) // 2)
    ]  # k-means does not see them, or their recall would be too good
    sample = np.sort(mixed[len(asked) :][: lists * _PER_LIST])
    lists = min(lists, len(sample))
    centres = _centres(lengths.unit(np.asarray(vectors[sample], dtype=np.float32)), lists, rng)
    of = np.empty(len(rows), dtype=np.int64)
    for first, block in _blocks(vectors, rows):
        of[first : first + len(block)] = (block @ centres.T).argmax(
            axis=1
        )  # length does not change the nearest
        if progress is not None:
            progress(first + len(block), 2 * len(rows))
    order = np.argsort(of, kind="stable")
    edges = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=lists))]).astype(np.int64)
    placed = place((len(rows), vectors.shape[1]))
    for first, block in _blocks(vectors, rows[order]):
        placed[first : first + len(block)] = block
        if progress is not None:
            progress(len(rows) + first + len(block), 2 * len(rows))
    made = Lists(centres, edges, rows[order], placed)
    return tuned(made, np.flatnonzero(np.isin(made.rows, asked if len(asked) else rows)))


def usable(vectors: NDArray[Any]) -> NDArray[np.int64]:
    """The rows of (n, d) that are finite and not zero."""
    good = [
        np.isfinite(block).all(axis=1) & block.any(axis=1)
        for block in (vectors[first : first + _BLOCK] for first in range(0, len(vectors), _BLOCK))
    ]
    return np.flatnonzero(np.concatenate(good)) if good else np.empty(0, dtype=np.int64)


def tuned(lists: Lists, places: NDArray[np.int64]) -> Lists:
    """The lists with the fewest probes that find the neighbours of the rows at some places, and their recall."""
    queries, own = np.asarray(lists.vectors[places]), lists.rows[places]
    true = _others(lists.named(nearest.top_k(lists.vectors, queries, k=K + 1)[0]), own)
    for probes in [*(each for each in _PROBES if each < len(lists.centres)), len(lists.centres)]:
        tried = replace(lists, probes=probes)
        tried = replace(tried, recall=recall(_others(tried.top_k(queries, k=K + 1)[0], own), true))
        if tried.recall >= WANTED_RECALL:
            break
    return tried


def _others(rows: nearest.Indices, own: NDArray[np.int64]) -> nearest.Indices:
    """The rows (q, k) without the query's own (q,), which is found too easily."""
    return np.where(rows == own[:, None], nearest.NOTHING, rows)


def recall(found: nearest.Indices, true: nearest.Indices) -> float:
    """The share of the true rows (q, k) that were found; -1 stands for no row."""
    hits = sum(len(np.intersect1d(a, b[b != nearest.NOTHING])) for a, b in zip(found, true, strict=True))
    return hits / max(1, int((true != nearest.NOTHING).sum()))


def _centres(sample: Vectors, lists: int, rng: np.random.Generator) -> Vectors:
    """Centres (lists, d) of length 1 by k-means with cosines, from centres drawn among the sample (n, d)."""
    centres = sample[rng.choice(len(sample), lists, replace=False)]
    for _ in range(_ROUNDS):
        of = np.concatenate(
            [(sample[a : a + _BLOCK] @ centres.T).argmax(axis=1) for a in range(0, len(sample), _BLOCK)]
        )
        order = np.argsort(of, kind="stable")
        starts = np.searchsorted(of[order], np.arange(lists))
        full = np.flatnonzero(np.bincount(of, minlength=lists))
        sums = np.add.reduceat(sample[order], starts[full], axis=0)
        empty = np.setdiff1d(np.arange(lists), full)
        centres = centres.copy()
        centres[full] = lengths.unit(sums)
        centres[empty] = sample[rng.choice(len(sample), len(empty), replace=False)]
    return np.ascontiguousarray(centres, dtype=np.float32)


def _blocks(vectors: NDArray[Any], rows: NDArray[np.int64]) -> Iterator[tuple[int, Vectors]]:
    """The rows in blocks (b, d), each with the number of rows before it."""
    for first in range(0, len(rows), _BLOCK):
        yield first, np.asarray(vectors[rows[first : first + _BLOCK]], dtype=np.float32)
