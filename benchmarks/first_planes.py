"""Compare fixed planes for the first map of vectors: is there a better one than that of the principal axes?

    python benchmarks/first_planes.py DATA [--workspace FOLDER] [--model FOLDER_OR_ID] [--out FILE] [--seeds N]

The sets of `layouts.py`. A plane must be found without labels, in at most 1 s of CPU for 20,000 × 384, so whatever
needs neighbours looks at `LANDMARKS` of the points. Planes are linear: every item, also a later one, has its place.

- PCA: what Explore draws first. PCA in space: its first three axes.
- ABTT: PCA without the first two axes, which often hold what all vectors share (Mu & Viswanath 2018).
- two peaks: the two directions of most negative excess kurtosis among the whitened 50 principal axes, by symmetric
  fixed-point steps (Hyvärinen 1999), as clusters make distributions with two peaks.
- LPP: the smoothest directions over a graph of 15 neighbours (He & Niyogi 2003), among 50 principal axes.
- centroids: PCA of the means of 64 clusters (k-means). denoised: PCA of each landmark's mean with its 10 nearest.
- spectral: not a plane, but fast: two eigenvectors of the graph of 512 landmarks, extended by Nyström.
- labels: linear discriminant analysis with the labels, which no first map can have: what the best plane could show.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import frozen_heads
import layouts
import numpy as np
from scipy.linalg import eigh
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from qlatent.layout import memberships
from qlatent.layout.neighbours import nearest
from qlatent.provenance import made_by
from qlatent.services.layouts.quality import quality

LANDMARKS, KEPT, STEPS = 2000, 50, 30
Points = np.ndarray


def principal(points: Points, count: int) -> tuple[Points, Points, Points]:
    """The mean (d,), the first principal axes (d, count) and their variances."""
    mean = points.mean(axis=0)
    values, axes = np.linalg.eigh(np.cov((points - mean).T))
    return mean, axes[:, ::-1][:, :count], values[::-1][:count]


def onto(points: Points, axes: Points) -> Points:
    """Coordinates on orthonormal axes that span the same plane."""
    return (points - points.mean(axis=0)) @ np.linalg.qr(axes)[0]


def some(points: Points, seed: int, count: int = LANDMARKS) -> Points:
    return points[np.sort(np.random.default_rng(seed).permutation(len(points))[:count])]


def pca(points: Points, seed: int) -> Points:
    return onto(points, principal(points, 2)[1])


def pca_in_space(points: Points, seed: int) -> Points:
    return onto(points, principal(points, 3)[1])


def abtt(points: Points, seed: int) -> Points:
    return onto(points, principal(points, 4)[1][:, 2:])


def pursuit(points: Points, seed: int) -> Points:
    """The two directions of most negative excess kurtosis among as many as there are axes."""
    mean, axes, values = principal(points, min(KEPT, points.shape[1], len(points) - 1))
    white = some((points - mean) @ (axes / np.sqrt(values)), seed)
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(white.shape[1],) * 2))[0]
    for _ in range(STEPS):
        scores = white @ turn
        turn = white.T @ scores**3 / len(white) - 3 * turn
        left, _, right = np.linalg.svd(turn)
        turn = left @ right
    excess = ((white @ turn) ** 4).mean(axis=0) - 3
    best = np.argsort(excess)[:2]
    return (points - mean) @ (axes / np.sqrt(values)) @ turn[:, best]


def lpp(points: Points, seed: int) -> Points:
    few = some(points, seed)
    mean, axes, _ = principal(points, min(KEPT, points.shape[1], len(points) - 1))
    weights = memberships.graph(nearest(few, k=15)).tocsr()
    inner = (few - mean) @ axes
    degree = np.asarray(weights.sum(axis=1)).ravel()
    inner = inner - np.average(inner, axis=0, weights=degree)
    spread = inner.T @ (inner * degree[:, None])
    _, found = eigh(inner.T @ (weights @ inner), spread + 1e-6 * np.trace(spread) * np.eye(len(spread)))
    return (points - mean) @ axes @ found[:, ::-1][:, :2]


def centroids(points: Points, seed: int) -> Points:
    few = some(points, seed)
    model = KMeans(min(64, len(few) // 3), n_init=1, max_iter=20, random_state=seed).fit(few)
    return onto(points, principal(model.cluster_centers_, 2)[1])


def denoised(points: Points, seed: int) -> Points:
    few = some(points, seed)
    return onto(points, principal(few[nearest(few, k=11).rows].mean(axis=1), 2)[1])


def spectral(points: Points, seed: int) -> Points:
    """Eigenvectors 2 and 3 of the normalised similarities of landmarks, extended to all points."""
    few = some(points, seed, 512)
    inner, every = few @ few.T, points @ few.T
    scale = np.median(np.sort(1 - inner, axis=1)[:, 7])
    inner, every = np.exp((inner - 1) / scale), np.exp((every - 1) / scale)
    degree = inner.sum(axis=1)
    values, vectors = np.linalg.eigh(inner / np.sqrt(degree[:, None] * degree))
    chosen = vectors[:, -3:-1] / np.sqrt(degree)[:, None]
    return every @ chosen / every.sum(axis=1, keepdims=True) / values[-3:-1]


PLANES: dict[str, Callable[[Points, int], Points]] = {
    "PCA": pca, "PCA in space": pca_in_space, "ABTT": abtt, "two peaks": pursuit,
    "LPP": lpp, "centroids": centroids, "denoised": denoised,
    "spectral (no plane)": spectral,
}  # fmt: skip


def with_labels(points: Points, labels: list[str]) -> Points:
    """The discriminant plane, in which the labels lie furthest apart."""
    named = np.array([bool(each) for each in labels])
    found = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1, n_components=2)
    return found.fit(points[named], np.array(labels)[named]).transform(points)


def measured(points: Points, labels: list[str], seeds: int) -> dict[str, Any]:
    """Figures of each plane, mean and extremes over the seeds."""
    table: dict[str, Any] = {}
    for name, plane in PLANES.items():
        turns = []
        for seed in range(seeds):
            begun = time.process_time()
            places = plane(points, seed)
            cpu = time.process_time() - begun
            turns.append(quality(points, places, labels=labels, seed=0) | {"cpu": cpu})
        table[name] = {key: [turn[key] for turn in turns] for key in turns[0]}
        _print(name, table[name])
    if len(set(labels)) > 3:
        found = quality(points, with_labels(points, labels), labels=labels, seed=0)
        table["labels"] = {key: [value] for key, value in found.items()} | {"cpu": [0.0]}
        _print("labels", table["labels"])
    return table


def _print(name: str, row: dict[str, list[float]]) -> None:
    accuracy = row["neighbour_accuracy"]
    print(
        f"  {name:24} accuracy {np.mean(accuracy):.3f} ({min(accuracy):.3f}–{max(accuracy):.3f})  trust. "
        f"{np.mean(row['trustworthiness']):.3f}  contin. {np.mean(row['continuity']):.3f}  "
        f"CPU {np.median(row['cpu']):.2f} s",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    parser.add_argument("--model", default=frozen_heads.minilm())
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "first_planes.json")
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    document: dict[str, Any] = {"made_by": made_by()}
    for name, (points, labels) in layouts.sets(asked).items():
        points = np.asarray(points, dtype=np.float64)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        among = quality(points, points[:, :2], labels=labels)["neighbour_accuracy_vectors"]
        print(f"\n{name}: {len(points):,} items; 10-NN accuracy among the vectors {among:.3f}", flush=True)
        document[name] = {
            "rows": len(points),
            "vectors": among,
            "planes": measured(points, labels, asked.seeds),
        }
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
