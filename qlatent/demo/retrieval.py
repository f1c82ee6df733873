"""Measures recall of the partners of pairs among all others, with confidence intervals."""

from __future__ import annotations

from typing import Any

import numpy as np

RESAMPLES = 2000


def score_pairs(images: np.ndarray, texts: np.ndarray, *, rng: np.random.Generator) -> dict[str, Any]:
    """Recall at 1 and 5 of row i of one array finding row i of the other by cosine, in both directions.

    images, texts: (n, dim). Each recall comes with the 95 % percentile bootstrap interval over the queries.
    """
    similarity = _unit(images) @ _unit(texts).T  # (n, n)
    return {
        "text_to_image": _recalls(similarity.T, rng),
        "image_to_text": _recalls(similarity, rng),
    }


def pair_ranks(similarity: np.ndarray) -> np.ndarray:
    """For each row i, the number of other columns that score at least as high as column i: (n,) of 0 … n − 1."""
    return (similarity >= np.diag(similarity)[:, None]).sum(axis=1) - 1


def _recalls(similarity: np.ndarray, rng: np.random.Generator) -> dict[str, Any]:
    ranks = pair_ranks(similarity)
    samples = ranks[rng.integers(len(ranks), size=(RESAMPLES, len(ranks)))]  # (resamples, n)
    scores = {}
    for k in (1, 5):
        interval = np.percentile((samples < k).mean(axis=1), (2.5, 97.5))
        scores[f"R@{k}"] = {"value": float((ranks < k).mean()), "interval": np.round(interval, 4).tolist()}
    return scores


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
