"""Fixtures: small clustered items before and after a projection, and all metrics by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import coranking, correlation, neighbourhoods, spectrum, stress
from qlatent.metrics.probes import probe
from qlatent.metrics.retrieval import partners

MODULES = {
    neighbourhoods: ("trustworthiness", "continuity", "neighbour_overlap", "lcmc"),
    coranking: ("co_ranking_auc",),
    correlation: ("spearman", "kendall", "local_spearman", "global_spearman"),
    stress: ("stress", "kruskal_stress", "pair_error"),
    probe: ("probe_accuracy", "knn_accuracy", "majority_accuracy"),
    partners: ("recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10"),
    spectrum: ("cka", "effective_rank", "alignment", "uniformity"),
}


@pytest.fixture(scope="session")
def every_metric() -> dict[str, Any]:
    return {name: getattr(module, name) for module, names in MODULES.items() for name in names}


@pytest.fixture(scope="session")
def items() -> Callable[..., tuple[dict[str, np.ndarray], list[str]]]:
    """(n, seed) → inputs of two modalities (n, 12) in four clusters, and the clusters' names."""

    def make(n: int, seed: int = 0) -> tuple[dict[str, np.ndarray], list[str]]:
        rng = np.random.default_rng(seed)
        classes = rng.integers(0, 4, n)
        centres = 1.5 * np.random.default_rng(99).normal(size=(4, 12))
        image = centres[classes] + rng.normal(size=(n, 12))
        return {"image": image, "text": image + 0.4 * rng.normal(size=(n, 12))}, [f"c{c}" for c in classes]

    return make


@pytest.fixture(scope="session")
def projected() -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Inputs → latents (n, 3) in (-1, 1)."""
    weights = np.random.default_rng(7).normal(size=(12, 3)) / 6.0
    return lambda arrays: {name: np.tanh(x @ weights) for name, x in arrays.items()}


@pytest.fixture(scope="session")
def compared(items, projected) -> Callable[..., Comparison]:
    """(n, **settings) → a comparison with labels and training rows; modalities=("image",) for one modality."""

    def make(n: int = 60, *, modalities: tuple[str, ...] = ("image", "text"), **settings: Any) -> Comparison:
        inputs, labels = items(n, 1)
        train, train_labels = items(80, 2)
        inputs, train = ({m: arrays[m] for m in modalities} for arrays in (inputs, train))
        given = {
            "labels": labels, "train_latents": projected(train), "train_labels": train_labels,
        } | settings  # fmt: skip
        return Comparison(inputs, projected(inputs), **given)

    return make
