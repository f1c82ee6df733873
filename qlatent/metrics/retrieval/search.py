"""Exact k-nearest-neighbour search among stored latents by cosine, Euclidean distance or log-fidelity.

Each latent is mapped to a point such that the squared distance of points bounds the cost from below: the latent itself,
its unit vector, or the angles of its qubits (-ln cos²(x/2) is convex in x², so -ln F ≥ -2k ln cos(√(D/k)/2) with D the
sum of squared angles, which is tighter than D/4). A float32 matrix product rules out nearly all candidates; the rest
are computed in float64 from the original latents. Memory is bounded. If most qubits are near their poles, where the
logarithm is steep, this bound is loose; a second bound then counts qubits at opposite poles with bit operations.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.metrics.pairs.distances import ROUNDED, Metric
from qlatent.metrics.retrieval import search_kernels as kernels

Points = NDArray[np.float32]
Bits = NDArray[np.uint64]

ROWS = 4096  # corpus rows per block
QUERIES = 128  # queries per block: products take 4 MB
PREPARED = 1 << 16  # rows per block when building an index
THREADS = 8
LEVELS = tuple(
    float(np.float32(level)) for level in (0.9, 0.999, 0.999999, 1.0)
)  # of |⟨Z⟩|, thresholds for a qubit near a pole; exact in float32
LONGEST = 1e18
KINDS: dict[Metric, int] = {
    "euclidean": kernels.EUCLIDEAN, "cosine": kernels.COSINE, "log_fidelity": kernels.FIDELITY,
}  # fmt: skip


class Found(NamedTuple):
    """The nearest rows of each query (q, k), nearest first, with their scores; a larger score is nearer."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Index:
    """A search index of latents (n, d); it takes as much memory again as the latents in float32."""

    metric: Metric
    latents: NDArray[Any]  # the original latents
    points: Points  # (n, d)
    halves: Points  # (n,) half of the squared length of each point
    centre: NDArray[np.float64]  # (d,) subtracted from Euclidean latents
    radius: float  # maximum length of a point
    poles: Bits  # (n, words, 1 + levels), see `poles`; zero words unless for fidelity

    def top(self, queries: ArrayLike, k: int = 10, *, skip: ArrayLike | None = None) -> Found:
        """The k nearest latents of each query (q, d), or all if there are fewer; ties by row number.

        Scores are float64: the cosine, minus the Euclidean distance, or log F. A zero vector has cosine 0, a qubit's
        fidelity is at least 1e-12. `skip` (q,) excludes one row per query, -1 for none. Raises `InputError` for another
        width, NaN or infinity, expectation values outside [-1, 1], and k < 1.
        """
        asked = _checked(queries, self.metric, "query").astype(np.float64)
        if asked.shape[1] != self.latents.shape[1]:
            raise InputError(
                f"Queries of {asked.shape[1]} numbers cannot be compared with latents of {self.latents.shape[1]}.",
                remedy="Use the same encoder and head for both.",
            )
        if k < 1:
            raise InputError(f"The {k} nearest were asked for.", remedy="Use k ≥ 1.")
        skipped = np.full(len(asked), -1) if skip is None else np.asarray(skip, dtype=np.int64)
        if skipped.shape != (len(asked),):
            raise InputError(
                f"{skipped.shape} rows to skip for {len(asked)} queries.", remedy="Pass one row per query."
            )
        kept = min(k, len(self.latents))
        costs = np.full((len(asked), kept), np.inf)
        rows = np.full((len(asked), kept), -1, dtype=np.int64)
        for first in range(0, len(asked) if kept else 0, QUERIES):
            part = slice(first, first + QUERIES)
            self._search(asked[part], skipped[part], costs[part], rows[part])
        scores = 1.0 - costs if self.metric == "cosine" else -costs
        return Found(rows, scores)

    def _search(self, asked: Any, skipped: Any, costs: Any, rows: Any) -> None:
        """Fills costs and rows (q, k) of a block of queries, in place."""
        points = _points(asked, self.metric, self.centre)
        squares = np.square(points, dtype=np.float64).sum(axis=1)
        # worst-case rounding of points, products and lengths
        slack = 4.0 * (asked.shape[1] + 8) * np.finfo(np.float32).eps * (np.sqrt(squares) + self.radius) ** 2
        up, down = amplitudes(asked) if self.metric == "log_fidelity" else (asked, asked)
        asked_poles = poles(asked, self.metric)
        buffer = np.empty(len(asked) * ROWS, dtype=np.float32)
        threads = min(THREADS, os.cpu_count() or 1, len(asked))
        parts = [slice(part[0], part[-1] + 1) for part in np.array_split(np.arange(len(asked)), threads)]
        with ThreadPoolExecutor(threads) as pool:
            for first in range(0, len(self.points), ROWS):
                block = slice(first, first + ROWS)
                size = len(self.points[block])
                inner = buffer[: len(asked) * size].reshape(len(asked), size)  # contiguous: one compiled form
                np.matmul(points, self.points[block].T, out=inner)

                def refined(part: slice, block: slice = block, inner: Points = inner) -> None:
                    kernels.refine(
                        KINDS[self.metric], inner[part], self.halves[block], squares[part], slack[part],
                        block.start, self.latents[block], asked[part], up[part], down[part], asked_poles[part],
                        self.poles[block], PRICES, skipped[part], costs[part], rows[part],
                    )  # fmt: skip

                list(pool.map(refined, parts))


def index(latents: ArrayLike, metric: Metric = "log_fidelity") -> Index:
    """An index of latents (n, d) for many searches; "log_fidelity" takes them as expectation values ⟨Z⟩.

    Raises `InputError` for other shapes, NaN or infinity, expectation values outside [-1, 1], and an unknown metric.
    """
    if metric not in KINDS:
        raise InputError(f"There is no search by {metric!r}.", remedy=f"Use one of {', '.join(KINDS)}.")
    stored = np.ascontiguousarray(_checked(latents, metric, "latent"))
    centre = np.zeros(stored.shape[1])
    if metric == "euclidean" and len(stored):
        centre = stored.mean(
            axis=0, dtype=np.float64
        )  # centring preserves float32 precision for a distant centre
    points = np.empty(stored.shape, dtype=np.float32)
    for first in range(0, len(stored), PREPARED):
        part = slice(first, first + PREPARED)
        points[part] = _points(stored[part], metric, centre)
    squares = (
        np.einsum("ij,ij->i", points, points, dtype=np.float64) if points.size else np.zeros(len(stored))
    )
    radius = float(np.sqrt(squares.max(initial=0.0)))
    if radius > LONGEST:
        raise InputError(
            f"The longest vector has length {radius:.3g}; beyond {LONGEST:g} float32 cannot hold its square.",
            remedy="Scale the vectors, or search by cosine.",
        )
    halves = (0.5 * squares).astype(np.float32)
    return Index(metric, stored, points, halves, centre, radius, poles(stored, metric))


def top(latents: ArrayLike, queries: ArrayLike, k: int = 10, *, metric: Metric = "log_fidelity") -> Found:
    """The k nearest of `latents` (n, d) for each of `queries` (q, d); use `index` for repeated searches."""
    return index(latents, metric).top(queries, k)


def amplitudes(z: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amplitudes √((1 + z)/2) and √((1 - z)/2) of expectation values."""
    half = 0.5 * np.clip(z, -1.0, 1.0)
    return np.sqrt(0.5 + half), np.sqrt(0.5 - half)


def poles(latents: NDArray[Any], metric: Metric = "log_fidelity") -> Bits:
    """Bits (n, words, 1 + levels) of latents (n, d), 64 qubits per word: z > 0, then |z| ≥ each of `LEVELS`.

    Two qubits with opposite signs and |z| ≥ t have a fidelity of at most 1 − t².
    """
    words = -(-latents.shape[1] // 64) if metric == "log_fidelity" else 0
    found = np.zeros((len(latents), words, 1 + len(LEVELS)), dtype=np.uint64)
    for first in range(0, len(latents) if words else 0, PREPARED):
        part = slice(first, first + PREPARED)
        z = latents[part]
        size = np.abs(z)
        for place, mask in enumerate([z > 0, *(size >= level for level in LEVELS)]):
            packed = np.packbits(mask, axis=1, bitorder="little")
            packed = np.pad(packed, ((0, 0), (0, 8 * words - packed.shape[1])))
            found[part, :, place] = packed.view("<u8")
    return found


def _prices() -> NDArray[np.float64]:
    """The additional cost, at each level over the one before, of a pair of qubits at opposite poles."""
    costs = [-np.log(max(1.0 - level * level, kernels.FLOOR**2)) for level in LEVELS]
    return np.diff(costs, prepend=0.0) * kernels.ROUNDING


PRICES = _prices()


def _points(latents: NDArray[Any], metric: Metric, centre: NDArray[np.float64]) -> Points:
    """The points whose distances bound costs; angles are computed in float64, because arcsin is steep at ±1."""
    if metric == "log_fidelity":
        return np.arcsin(np.clip(latents, -1.0, 1.0)).astype(np.float32)
    if metric == "euclidean":
        return (latents - centre).astype(np.float32)
    return lengths.unit(latents.astype(np.float64)).astype(np.float32)


def _checked(values: ArrayLike, metric: Metric, what: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if array.ndim != 2:
        raise InputError(f"A search needs arrays (n, d); the {what} array has shape {array.shape}.")
    bad = ~np.isfinite(array).all(axis=1)
    if bad.any():
        raise InputError(
            f"{bad.sum()} of {len(array)} {what} rows hold NaN or infinity; the first is row {bad.argmax()}.",
            remedy="Drop these rows.",
        )
    if metric == "log_fidelity" and array.size and np.abs(array).max() > 1.0 + ROUNDED:
        raise InputError(
            f"Log-fidelity needs expectation values between -1 and 1; got {np.abs(array).max():.4g}.",
            remedy="Use 'euclidean' or 'cosine' for latents that are not expectation values.",
        )
    return lengths.near_one(array) if metric == "cosine" and array.dtype == np.float64 else array
