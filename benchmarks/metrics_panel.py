"""Measure the time of Compare's default panel against the same metrics from scikit-learn and scipy.

    python benchmarks/metrics_panel.py [--out FILE] [--repetitions N] [--items N] [--resamples N] [--skip-intervals]
    [--threads N …] [--within]

2,000 clustered items of 512-d, projected to 4-d, in one joint set of at most 2,000 points. Goals: the panel with all
intervals within 10 s on two cores, and without intervals at least 3 × faster than a plain computation of the same
metrics: trustworthiness in both directions, NearestNeighbors, pdist with spearmanr, the formula of stress in numpy, a
grid search of logistic regressions over the same folds, cdist with sorted ranks, and the singular values. Retrieval
needs a second modality, so one case has pairs and the other single vectors. With intervals, the plain side recomputes
all metrics except the probe for resampled items; one resample per turn is timed and scaled to `--resamples`. Sides
alternate in one process; ratios are computed within each turn. `--within` measures something else: what the metrics
within each modality add to the CPU time of all registered metrics of pairs (goal: at most 1.6 × in all).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn
from scipy.spatial.distance import cdist, pdist
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from qlatent.metrics import within
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import neighbourhoods, spectrum, stress
from qlatent.metrics.geometry.correlation import spearman
from qlatent.metrics.pairs.point_set import rankings_of
from qlatent.metrics.panel import measure
from qlatent.metrics.probes import probe
from qlatent.metrics.retrieval import partners
from qlatent.provenance import made_by
from qlatent.registry import METRICS, resolve
from qlatent.types import Arrays

GOAL_SECONDS, GOAL_RATIO = 10.0, 3.0
K, CLASSES, WIDTH, LATENT, POINTS = 10, 10, 512, 4, 2000
PANEL = {
    "trustworthiness": neighbourhoods.trustworthiness,
    "continuity": neighbourhoods.continuity,
    "neighbour_overlap": neighbourhoods.neighbour_overlap,
    "spearman": spearman,
    "stress": stress.stress,
    "recall_at_10": partners.recall_at_10,
    "probe_accuracy": probe.probe_accuracy,
    "effective_rank": spectrum.effective_rank,
}
Numbers = dict[str, float]


def clustered(count: int, modalities: tuple[str, ...], seed: int) -> tuple[Arrays, list[str]]:
    """Vectors around ten centres; those of a second modality are the first with noise."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, CLASSES, count)
    x = np.random.default_rng(100).normal(size=(CLASSES, WIDTH))[classes] + rng.normal(size=(count, WIDTH))
    return {m: x + 0.3 * rng.normal(size=x.shape) for m in modalities}, [f"class {c}" for c in classes]


def compressed(arrays: Arrays) -> Arrays:
    """A projection from 512 to 4 dimensions, with values in (-1, 1)."""
    weights = np.random.default_rng(101).normal(size=(WIDTH, LATENT)) / WIDTH**0.5
    return {name: np.tanh(x @ weights) for name, x in arrays.items()}


def comparison_of(count: int, modalities: tuple[str, ...]) -> Comparison:
    """A fresh comparison without cached results."""
    inputs, labels = clustered(count, modalities, 0)
    train, train_labels = clustered(count, modalities, 1)
    return Comparison(
        inputs, compressed(inputs), labels=labels, train_latents=compressed(train), train_labels=train_labels,
        sample=POINTS,
    )  # fmt: skip


def plain_geometry(x: np.ndarray, z: np.ndarray) -> Numbers:
    """The metrics of one joint set, by library calls."""
    near = [NearestNeighbors(n_neighbors=K).fit(side).kneighbors(return_distance=False) for side in (x, z)]
    d, delta = pdist(x), pdist(z)
    alpha = (d * delta).sum() / (delta**2).sum()
    values = np.linalg.svd(z - z.mean(axis=0), compute_uv=False)
    shares = values[values > 0] / values.sum()
    return {
        "trustworthiness": trustworthiness(x, z, n_neighbors=K),
        "continuity": trustworthiness(z, x, n_neighbors=K),
        "neighbour_overlap": float(np.mean([len(set(a) & set(b)) / K for a, b in zip(*near, strict=True)])),
        "spearman": float(spearmanr(d, delta).statistic),
        "stress": float(np.sqrt(((d - alpha * delta) ** 2).sum() / (d**2).sum())),
        "effective_rank": float(np.exp(-(shares * np.log(shares)).sum())),
    }


def plain_recall(a: np.ndarray, b: np.ndarray) -> float:
    """R@10 in both directions from sorted distances."""
    distances = cdist(a, b)
    own = np.arange(len(a))[:, None]
    found = [(np.argsort(d, axis=1)[:, :K] == own).any(axis=1).mean() for d in (distances, distances.T)]
    return float(np.mean(found))


def plain_probe(comparison: Comparison) -> float:
    """The held-out accuracy of a grid search over the folds and strengths of our probe."""
    assert comparison.train_latents is not None and comparison.train_labels is not None
    train, heldout = (np.hstack(list(z.values())) for z in (comparison.train_latents, comparison.latents))
    _, numbers = np.unique(comparison.train_labels, return_inverse=True)
    folds = probe.stratified_folds(numbers, folds=probe.FOLDS, seed=comparison.seed)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=probe.ITERATIONS))
    strengths = {"logisticregression__C": list(probe.STRENGTHS)}
    search = GridSearchCV(model, strengths, cv=PredefinedSplit(folds)).fit(train, comparison.train_labels)
    return float((search.predict(heldout) == comparison.labels).mean())


def plain(comparison: Comparison) -> Numbers:
    """The whole default panel by library calls."""
    figures = plain_geometry(comparison.before.stacked, comparison.stacked)
    if len(comparison.modalities) > 1:
        figures["recall_at_10"] = plain_recall(*comparison.latents.values())
    return figures | {"probe_accuracy": plain_probe(comparison)}


def ours(comparison: Comparison, *, resamples: int) -> Numbers:
    """The whole default panel by this package."""
    return {name: each.value for name, each in measure(comparison, PANEL, resamples=resamples).items()}


def values(comparison: Comparison) -> Numbers:
    """The values only, without resampling, influences on Spearman's rho, and jackknife groups of the effective rank."""
    left_out = ("spearman", "effective_rank")
    contributed = {name: each for name, each in PANEL.items() if name not in left_out}
    figures = {n: f.value for n, f in measure(comparison, contributed, names=None, resamples=0).items()}
    before, after = rankings_of(*comparison.sides())
    return figures | {
        "spearman": float(before.unit @ after.unit), "effective_rank": spectrum.rank_of(comparison.stacked),
    }  # fmt: skip


def plain_resample(comparison: Comparison, rng: np.random.Generator) -> None:
    """One resample of the plain bootstrap: all metrics except the probe for items drawn with replacement."""
    rows = rng.integers(0, comparison.items, comparison.items)
    points = comparison.points_of(rows)
    jitter = 1e-9 * rng.normal(
        size=(len(points), WIDTH)
    )  # separates duplicates, which would be neighbours at distance 0
    plain_geometry(comparison.before.stacked[points] + jitter, comparison.stacked[points])
    if len(comparison.modalities) > 1:
        drawn = rng.integers(0, comparison.before.items, comparison.before.items)
        plain_recall(*(z[drawn] for z in comparison.latents.values()))


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and the result."""
    begun = time.perf_counter()
    result = action()
    return time.perf_counter() - begun, result


def assert_same(one: Numbers, other: Numbers) -> None:
    """Asserts that both sides compute the same values."""
    for name, value in other.items():
        allowed = 0.003 if name == "probe_accuracy" else 1e-6
        assert abs(one[name] - value) <= allowed, (name, one[name], value)


def case(modalities: tuple[str, ...], given: argparse.Namespace) -> dict[str, Any]:
    """Times of all sides, alternating, for items with one or two modalities."""
    times: dict[str, list[float]] = {"values": [], "plain": [], "intervals": []}
    if not given.skip_intervals:
        times["plain_loop_extrapolated"] = []
    values(comparison_of(200, modalities))  # loads the compiled kernels from the cache
    for turn in range(given.repetitions):
        fresh = comparison_of(given.items, modalities)
        seconds, got = timed(lambda c=fresh: values(c))
        times["values"].append(seconds)
        fresh = comparison_of(given.items, modalities)
        seconds, wanted = timed(lambda c=fresh: plain(c))
        times["plain"].append(seconds)
        assert_same(got, wanted)
        fresh = comparison_of(given.items, modalities)
        times["intervals"].append(timed(lambda c=fresh: ours(c, resamples=given.resamples))[0])
        if not given.skip_intervals:
            rng = np.random.default_rng(turn)
            once = timed(lambda c=fresh, r=rng: plain_resample(c, r))[0]
            times["plain_loop_extrapolated"].append(times["plain"][-1] + given.resamples * once)
    return report(times)


def within_cost(given: argparse.Namespace) -> dict[str, Any]:
    """CPU seconds of all registered metrics of pairs, without and with those within each modality, in turns."""
    table = {name: resolve(entry.target) for name, entry in METRICS.items()}
    apart = within.metrics(
        ("image", "text"), table, names=[name for name, entry in METRICS.items() if entry.within]
    )
    seconds: dict[str, list[float]] = {"together": [], "and within": []}
    measure(comparison_of(300, ("image", "text")), table | apart, names=None)  # loads the compiled kernels
    for _ in range(given.repetitions):
        for label, metrics in (("together", table), ("and within", table | apart)):
            fresh = comparison_of(given.items, ("image", "text"))
            begun = time.process_time()
            measure(fresh, metrics, names=None, resamples=given.resamples)
            seconds[label].append(time.process_time() - begun)
    ratios = {"and within / together": _ratios(seconds["and within"], seconds["together"])}
    return {"seconds": {name: summary(t) for name, t in seconds.items()}, "ratios": ratios}


def report(times: dict[str, list[float]]) -> dict[str, Any]:
    """Medians and quartiles of times and of ratios within each turn."""
    ratios = {"plain / values": _ratios(times["plain"], times["values"])}
    if "plain_loop_extrapolated" in times:
        ratios["plain_loop_extrapolated / intervals"] = _ratios(
            times["plain_loop_extrapolated"], times["intervals"]
        )
    return {"seconds": {name: summary(t) for name, t in times.items()}, "ratios": ratios}


def _ratios(above: list[float], below: list[float]) -> Numbers:
    return summary([a / b for a, b in zip(above, below, strict=True)])


def summary(values: list[float]) -> Numbers:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return {"median": middle, "quartile_1": low, "quartile_3": high}


def show(name: str, result: dict[str, Any]) -> None:
    """A small table a case."""
    print(name)
    for kind, unit in (("seconds", "s"), ("ratios", "×")):
        for label, row in result[kind].items():
            spread = f"(middle half {row['quartile_1']:.2f}–{row['quartile_3']:.2f})"
            print(f"  {label:<28}{row['median']:10.2f} {unit} {spread}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument(
        "--threads", type=int, nargs="+", default=[1, 2], help="threads of linear algebra, for both sides"
    )
    parser.add_argument("--skip-intervals", action="store_true", help="skip the plain bootstrap")
    parser.add_argument(
        "--within", action="store_true", help="only the cost of metrics within each modality, in CPU seconds"
    )
    given = parser.parse_args()
    if given.within:
        with threadpool_limits(1):
            found = within_cost(given)
        show("all metrics of pairs, 1 BLAS thread, CPU time", found)
        if given.out:
            document = {
                "made_by": made_by(), **found, "settings": {"items": given.items, "resamples": given.resamples},
                "repetitions": given.repetitions, "cpus": os.cpu_count(),
            }  # fmt: skip
            given.out.write_text(json.dumps(document, indent=2) + "\n")
        return
    cases = {"one modality": ("vector",), "pairs": ("image", "text")}
    results = {}
    for threads in given.threads:
        with threadpool_limits(threads):
            for name, modalities in cases.items():
                label = f"{name}, {threads} BLAS thread{'s' if threads > 1 else ''}"
                results[label] = case(modalities, given)
                show(label, results[label])
    print(f"goals: intervals ≤ {GOAL_SECONDS:.0f} s; plain / values ≥ {GOAL_RATIO:.0f} ×")
    if given.out:
        about = {key: value for key, value in vars(given).items() if key != "out"}
        machine = {
            "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__, "cpus": os.cpu_count(),
        }  # fmt: skip
        document = {
            "goals": {"seconds": GOAL_SECONDS, "ratio": GOAL_RATIO}, **results, "settings": about,
            "machine": machine,
        }  # fmt: skip
        given.out.write_text(json.dumps({"made_by": made_by(), **document}, indent=2) + "\n")


if __name__ == "__main__":
    main()
