"""The contract of every metric in the registry; tests/metrics compares values with references."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.value import MetricValue
from qlatent.registry import METRICS, resolve
from qlatent.types import Arrays

names = pytest.mark.parametrize("name", METRICS)
BEST = {
    "trustworthiness": 1, "continuity": 1, "neighbour_overlap": 1, "spearman": 1, "local_spearman": 1,
    "global_spearman": 1, "kendall": 1, "stress": 0, "kruskal_stress": 0, "co_ranking_auc": 1, "pair_error": 0,
    "cka": 1,
}  # fmt: skip


def items(count: int = 90, *, seed: int = 0) -> tuple[Arrays, list[str]]:
    """Pairs in three groups with distinct vectors."""
    rng = np.random.default_rng(seed)
    image = 2 * rng.normal(size=(3, 8))[np.arange(count) % 3] + rng.normal(size=(count, 8))
    return {"image": image, "text": image + 0.1 * rng.normal(size=image.shape)}, [
        "abc"[number % 3] for number in range(count)
    ]


def compare(inputs: Arrays, latents: Arrays, labels: list[str], **settings) -> Comparison:
    """A comparison with the first two thirds for training and the rest held out."""
    cut = 2 * len(labels) // 3
    return Comparison(
        {name: array[cut:] for name, array in inputs.items()},
        {name: array[cut:] for name, array in latents.items()},
        labels=labels[cut:],
        train_latents={name: array[:cut] for name, array in latents.items()},
        train_labels=labels[:cut],
        **settings,
    )


def measured(name: str, comparison: Comparison) -> MetricValue:
    figure = resolve(METRICS[name].target)(comparison)
    assert isinstance(figure, MetricValue)
    return figure


@names
def test_a_value_lies_in_its_interval_and_reports_its_sample(name: str) -> None:
    inputs, labels = items()
    latents = {modality: array[:, :3] for modality, array in inputs.items()}
    figure = measured(name, compare(inputs, latents, labels))
    assert figure.low <= figure.value <= figure.high, figure
    assert figure.n > 0 and figure.sampled and not figure.note


@names
def test_a_perfect_copy_has_the_best_value(name: str) -> None:
    inputs, labels = items()
    figure = measured(name, compare(inputs, inputs, labels))
    if name in BEST:
        assert figure.value == pytest.approx(BEST[name], abs=1e-6)
    direction = METRICS[name].better
    if direction:
        rng = np.random.default_rng(1)
        worse = {modality: rng.normal(size=(90, 3)) for modality in inputs}
        other = measured(name, compare(inputs, worse, labels)).value
        assert figure.value > other if direction == "higher" else figure.value < other


@names
@pytest.mark.parametrize("distance", ["cosine", "log_fidelity"])
def test_other_distances_between_latents_are_measured_alike(name: str, distance) -> None:
    inputs, labels = items()
    latents = {modality: np.tanh(array[:, :3]) for modality, array in inputs.items()}
    figure = measured(name, compare(inputs, latents, labels, distance=distance))
    assert math.isfinite(figure.value) or figure.note


@names
@pytest.mark.parametrize("ugly", ["few", "constant", "unlabelled", "one class", "duplicates", "one modality"])
def test_undefined_metrics_have_a_note_and_never_raise(name: str, ugly: str) -> None:
    inputs, labels = items(9 if ugly == "few" else 90)
    latents = {modality: array[:, :2] for modality, array in inputs.items()}
    if ugly == "constant":
        latents = {modality: np.ones_like(array) for modality, array in latents.items()}
    if ugly in ("unlabelled", "one class"):
        labels = ["" if ugly == "unlabelled" else "a"] * len(labels)
    if ugly == "duplicates":
        inputs, latents = ({m: a[np.arange(90) % 5] for m, a in each.items()} for each in (inputs, latents))
    if ugly == "one modality":
        inputs, latents = ({"image": each["image"]} for each in (inputs, latents))
    figure = measured(name, compare(inputs, latents, labels))
    assert math.isfinite(figure.value) or figure.note


def test_every_metric_has_a_title_a_summary_and_a_known_direction() -> None:
    for name, entry in METRICS.items():
        assert entry.title and entry.summary.endswith("."), name
        assert entry.better in ("higher", "lower", "")
