"""Compiles every numba kernel ahead: `python -m qlatent.kernels`, which the Makefile runs once after the install.

numba keeps what it compiled beside the sources (or in `NUMBA_CACHE_DIR`). Without this, the first training, figure or
search of each precision waits for the compiler: about 40 seconds in all.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np


def compile_kernels() -> None:
    """Compiles the kernels of circuits and search in both precisions and those of metrics, unless the disk has them.

    Each is called as its callers call it, on the smallest data: numba compiles for the types that it is given.
    """
    for dtype in (np.float32, np.float64):
        _circuits(dtype)
        _search(dtype)
    _scans()
    _texts()
    _metrics()
    _layouts()


def _circuits(dtype: type[np.floating[Any]]) -> None:
    """Expectations with their gradients, from angles and from amplitudes, and shots that are placed one by one."""
    import torch

    from qlatent.circuits import simulate
    from qlatent.circuits.layouts import amplitude, dressed

    for circuit in (dressed(2, 1), amplitude(2, 1)):
        inputs = torch.from_numpy(np.full((1, circuit.inputs), 0.5, dtype)).requires_grad_()
        weights = torch.from_numpy(np.zeros(circuit.weights, dtype)).requires_grad_()
        simulate.expectations(circuit, inputs, weights, engine="compiled").sum().backward()
    circuit, draws = dressed(2, 1), np.random.default_rng(0)
    for samples in (1, 2):  # the chances of one sample lie otherwise in memory than those of several
        angles, weights = (
            torch.from_numpy(np.zeros(n, dtype)) for n in ((samples, circuit.inputs), circuit.weights)
        )
        simulate.estimates(circuit, angles, weights, shots=1, generator=draws)


def _search(dtype: type[np.floating[Any]]) -> None:
    from qlatent.metrics.retrieval import search

    latents = np.linspace(-0.9, 0.9, 8, dtype=dtype).reshape(4, 2)
    for metric in search.KINDS:
        search.top(latents, latents, 1, metric=metric)


def _scans() -> None:
    """The exact search of stored vectors, in memory and mapped from a file, which cannot be written."""
    from qlatent.metrics.retrieval import scan_kernels as kernels

    for writeable in (True, False):
        rows, wanted, queries = np.eye(2, dtype=np.float32), np.ones(2, dtype=np.bool_), np.eye(2)
        rows.setflags(write=writeable)
        scores, found = np.full((2, 1), -np.inf), np.full((2, 1), -1)
        kernels.scan(0, rows, wanted, queries.astype(np.float32), queries, 0.1, 0, scores, found)
        factors, terms = np.empty((2, 2), dtype=np.float32)
        kernels.measure(0, rows, wanted, 0.1, factors, terms)
        kernels.select(0, rows.copy(), rows, factors, terms, queries, 0.1, 0, scores, found)


def _texts() -> None:
    """The products of sparse rows by which texts are compared."""
    from qlatent.triage.duplicates.texts import Trigrams

    Trigrams(["a lamp", "two lamps"]).distances(0, 2, 0)


def _layouts() -> None:
    """The functions that umap-learn and pynndescent compile, and keep, when they are imported the first time."""
    with warnings.catch_warnings(action="ignore"):  # Tensorflow, which only ParametricUMAP needs, is missing
        import umap.aligned_umap
        import umap.layouts
        import umap.umap_  # noqa: F401


def _metrics() -> None:
    """Every registered metric of a small comparison, with their intervals, and the curves of the co-ranking matrix."""
    from qlatent.metrics.comparison import Comparison
    from qlatent.metrics.geometry.coranking import co_ranking
    from qlatent.metrics.panel import measure
    from qlatent.registry import METRICS, resolve

    rng = np.random.default_rng(0)
    inputs = {name: rng.normal(size=(60, 4)) for name in ("image", "text")}
    labels = ["a", "b"] * 30
    compared = Comparison(inputs, inputs, labels=labels, train_latents=inputs, train_labels=labels)
    measure(compared, {name: resolve(entry.target) for name, entry in METRICS.items()}, names=None)
    co_ranking(compared)


if __name__ == "__main__":
    compile_kernels()
