"""Find the exact nearest rows of stored vectors, read in blocks, so that a memory map need not fit into memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import InputError

Indices = NDArray[np.int64]
Scores = NDArray[np.float32]

METRICS = ("cosine", "euclidean", "log_fidelity")
NOTHING = -1  # the row of a place that nothing fills
_FEW = 4  # queries up to which rows are read once, without a matrix product
_NUMBERS = 1 << 21  # numbers in one block of rows: 8 MB of float32
_QUERIES = 128  # queries at once
_ROWS = 4096  # rows of one matrix product, so that it takes at most 2 MB
_THREADS = 8
_ALONE = 1 << 20  # numbers up to which one thread is faster than several
_BLAS = threading.Lock()  # its number of threads belongs to the whole process


def top_k(
    vectors: NDArray[Any],
    queries: ArrayLike,
    *,
    k: int,
    metric: str = "cosine",
    among: NDArray[np.bool_] | None = None,
) -> tuple[Indices, Scores]:
    """The k nearest of `vectors` (n, d) for each of `queries` (q, d): rows (q, k) and their scores, nearest first.

    `metric` is cosine, euclidean or log_fidelity; scores are the cosine, minus the distance, or log F, so that a larger
    one is nearer. Equal scores are in order of rows. Rows with NaN or infinity are never found, nor are zero rows by
    cosine, nor rows that are False in `among` (n,). Places beyond what can be found have row -1 and score -inf.
    `vectors` may be a memory map. Another width, a query that is not finite or by cosine zero, and k < 1 raise
    `InputError`. Ranks are those of float64 arithmetic on the vectors as float32.
    """
    asked = _checked(vectors, queries, k=k, metric=metric)
    wanted = np.ones(len(vectors), dtype=np.bool_) if among is None else np.asarray(among, dtype=np.bool_)
    if wanted.shape != (len(vectors),):
        raise InputError(f"Got a mask of shape {wanted.shape} for {len(vectors)} vectors.")
    if metric == "log_fidelity":
        return _by_fidelity(vectors, asked, k=k, wanted=wanted)
    if metric == "cosine":
        asked = asked / np.linalg.norm(asked, axis=1, keepdims=True)
    search = Search(vectors, wanted, METRICS.index(metric))
    indices = np.full((len(asked), k), NOTHING, dtype=np.int64)
    scores = np.full((len(asked), k), -np.inf, dtype=np.float32)
    for first in range(0, len(asked) if len(vectors) else 0, _QUERIES):
        part = slice(first, first + _QUERIES)
        indices[part], scores[part] = search.best(asked[part], k)
    return indices, scores


@dataclass(frozen=True)
class Search:
    """An exact search by one metric among the `wanted` rows; each thread reads rows of its own, once."""

    vectors: NDArray[Any]
    wanted: NDArray[np.bool_]
    kind: int  # as in the kernels

    def best(self, queries: NDArray[np.float64], k: int) -> tuple[Indices, NDArray[np.float64]]:
        """The rows and scores (q, k) of a block of queries."""
        total, width = self.vectors.shape
        threads = min(_threads(), total) if total * width > _ALONE else 1
        edges = np.linspace(0, total, threads + 1).astype(int)
        if threads == 1:
            return self._part(queries, k, range(total))
        # BLAS with threads of its own waits for the slowest after every small product
        with _products_alone(len(queries) > _FEW), ThreadPoolExecutor(threads) as pool:
            ranges = [range(a, b) for a, b in pairwise(edges)]
            parts = list(pool.map(lambda rows: self._part(queries, k, rows), ranges))
        found, scores = (np.concatenate(each, axis=1) for each in zip(*parts, strict=True))
        # threads are in order of rows, so a stable sort keeps ties in order
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(found, order, axis=1), np.take_along_axis(scores, order, axis=1)

    def _part(self, queries: NDArray[np.float64], k: int, rows: range) -> tuple[Indices, NDArray[np.float64]]:
        """The rows and scores (q, k) among some of the rows."""
        scores = np.full((len(queries), k), -np.inf)
        found = np.full((len(queries), k), NOTHING, dtype=np.int64)
        few = len(queries) <= _FEW
        size = max(1, _NUMBERS // self.vectors.shape[1]) if few else _ROWS
        search = self._scan if few else self._multiply
        for start in rows[::size]:
            block = self.vectors[start : min(start + size, rows.stop)]  # (b, d)
            # a plain array, since numba knows no memory maps
            search(queries, start, np.asarray(np.ascontiguousarray(block, dtype=np.float32)), scores, found)
        return found, scores

    def _scan(self, queries: Any, start: int, block: NDArray[np.float32], scores: Any, found: Any) -> None:
        from qlatent.metrics.retrieval import scan_kernels  # numba takes a second to import

        wanted, asked = self.wanted[start : start + len(block)], queries.astype(np.float32)
        scan_kernels.scan(
            self.kind, block, wanted, asked, queries, rounding(self.vectors.shape[1]), start, scores, found
        )

    def _multiply(
        self, queries: Any, start: int, block: NDArray[np.float32], scores: Any, found: Any
    ) -> None:
        from qlatent.metrics.retrieval import scan_kernels

        factors, terms = np.empty(len(block), dtype=np.float32), np.empty(len(block), dtype=np.float32)
        wanted = self.wanted[start : start + len(block)]
        products = queries.astype(np.float32) @ block.T  # (q, b)
        slack = rounding(self.vectors.shape[1])
        scan_kernels.measure(self.kind, block, wanted, slack, factors, terms)
        scan_kernels.select(self.kind, products, block, factors, terms, queries, slack, start, scores, found)


def rounding(width: int) -> float:
    """The largest relative error of a float32 product of this width, lengths included."""
    return float(4 * (width + 8) * np.finfo(np.float32).eps)


@contextmanager
def _products_alone(wanted: bool) -> Iterator[None]:
    """A block in which each matrix product uses the thread that asks for it; one such block at a time."""
    if not wanted:
        yield
        return
    from threadpoolctl import threadpool_limits

    with _BLAS, threadpool_limits(1, user_api="blas"):
        yield


def _threads() -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(_THREADS, allowed))


def _by_fidelity(
    vectors: NDArray[Any], queries: Any, *, k: int, wanted: NDArray[np.bool_]
) -> tuple[Indices, Scores]:
    """By log-fidelity, with the index of retrieval, which copies the latents: heads with a fidelity are narrow."""
    from qlatent.metrics.retrieval import search

    rows = np.flatnonzero(wanted & np.isfinite(vectors).all(axis=1))
    indices = np.full((len(queries), k), NOTHING, dtype=np.int64)
    scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
    if len(rows):
        found = search.top(vectors[rows], queries, k, metric="log_fidelity")
        indices[:, : found.rows.shape[1]] = rows[found.rows]
        scores[:, : found.rows.shape[1]] = found.scores
    return indices, scores


def _checked(vectors: NDArray[Any], queries: ArrayLike, *, k: int, metric: str) -> NDArray[np.float64]:
    if metric not in METRICS:
        raise InputError(f"There is no search by {metric!r}.", remedy=f"Use one of {', '.join(METRICS)}.")
    if k < 1:
        raise InputError(f"The {k} nearest were asked for.", remedy="Use k ≥ 1.")
    asked = np.asarray(queries, dtype=np.float64)
    if vectors.ndim != 2 or asked.ndim != 2:
        raise InputError(
            f"A search needs vectors (n, d) and queries (q, d); got shapes {vectors.shape} and {asked.shape}."
        )
    if asked.shape[1] != vectors.shape[1]:
        raise InputError(
            f"Queries of {asked.shape[1]} numbers cannot be compared with vectors of {vectors.shape[1]}.",
            remedy="Use the same encoder and head for both.",
        )
    bad = ~np.isfinite(asked).all(axis=1) | ((metric == "cosine") & ~asked.any(axis=1))
    if bad.any():
        raise InputError(
            f"Query {int(bad.argmax())} has no direction: it is zero, or holds NaN or infinity.",
            remedy="Use another query.",
        )
    return asked
