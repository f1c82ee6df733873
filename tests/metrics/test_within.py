"""Metrics within each modality against the same metrics of that modality sliced by hand, and their mean."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness

from qlatent.errors import InputError
from qlatent.metrics import within
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry import correlation, neighbourhoods
from qlatent.metrics.geometry.modality_gap import modality_gap
from qlatent.metrics.panel import measure
from qlatent.registry import METRICS, metric_entry, resolve
from qlatent.types import Arrays

ITEMS = 60
MODALITIES = ("image", "text")
STRUCTURE = [name for name, entry in METRICS.items() if entry.within]
TABLE = {name: resolve(METRICS[name].target) for name in STRUCTURE}


def far_apart(count: int = ITEMS) -> tuple[Arrays, Arrays]:
    """Texts far from images, with their own structure: latents keep the gap and part of each modality."""
    rng = np.random.default_rng(0)
    inputs = {"image": rng.normal(size=(count, 6)), "text": rng.normal(size=(count, 6)) + 30.0}
    return inputs, {name: x[:, :2] + rng.normal(size=(count, 2)) for name, x in inputs.items()}


def whole(comparison: Comparison, *, names: list[str] | None = None, resamples: int = 50):
    table = within.metrics(comparison.modalities, TABLE, names=names or STRUCTURE)
    return measure(comparison, table, names=None, resamples=resamples)


@pytest.fixture(scope="module")
def found():
    inputs, latents = far_apart()
    return whole(Comparison(inputs, latents))


@pytest.mark.parametrize("modality", MODALITIES)
def test_each_modality_is_measured_as_if_it_were_alone(found, modality: str) -> None:
    inputs, latents = far_apart()
    sliced = Comparison({modality: inputs[modality]}, {modality: latents[modality]})
    expected = measure(sliced, TABLE, names=STRUCTURE, resamples=50)
    for name in STRUCTURE:
        mine = found[f"{name}_{modality}"]
        assert dataclasses.astuple(mine) == pytest.approx(dataclasses.astuple(expected[name])), name
    x, z = inputs[modality], latents[modality]
    assert found[f"spearman_{modality}"].value == pytest.approx(spearmanr(pdist(x), pdist(z)).statistic)
    assert found[f"trustworthiness_{modality}"].value == pytest.approx(trustworthiness(x, z, n_neighbors=10))


def test_the_mean_is_over_the_modalities_and_of_squares_for_stress(found) -> None:
    for name in STRUCTURE:
        parts = np.array([found[f"{name}_{modality}"].value for modality in MODALITIES])
        expected = parts.mean()
        if name in ("stress", "kruskal_stress"):
            expected = np.sqrt(np.mean(parts**2))
        if name == "uniformity":  # the logarithm of a mean
            expected = np.log(np.mean(np.exp(parts)))
        assert found[f"{name}_within"].value == pytest.approx(expected), name
        assert found[f"{name}_within"].low <= found[f"{name}_within"].value <= found[f"{name}_within"].high
        assert found[f"{name}_within"].n == ITEMS, name


def test_the_gap_does_not_count_within() -> None:
    inputs, latents = far_apart()
    nearer = {"image": inputs["image"], "text": inputs["text"] - 30.0}
    names = ["spearman", "neighbour_overlap"]
    one, other = (whole(Comparison(each, latents), names=names, resamples=0) for each in (inputs, nearer))
    assert one["spearman_within"].value == pytest.approx(other["spearman_within"].value)
    pooled = [correlation.spearman(Comparison(each, latents)).value for each in (inputs, nearer)]
    assert pooled[0] > one["spearman_within"].value + 0.2  # the gap alone keeps most of the order
    assert pooled[0] > pooled[1] + 0.2


def test_the_interval_of_the_mean_resamples_pairs() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(ITEMS, 5))
    z = x[:, :2] + 0.5 * rng.normal(size=(ITEMS, 2))
    same = Comparison({"image": x, "text": x}, {"image": z, "text": z})
    found = whole(same, names=["neighbour_overlap", "spearman"])
    for name in ("neighbour_overlap", "spearman"):  # equal modalities are no more certain than one of them
        one, mean = found[f"{name}_image"], found[f"{name}_within"]
        assert (mean.low, mean.high) == pytest.approx((one.low, one.high))


def test_the_same_drawn_items_are_measured_in_each_modality() -> None:
    inputs, latents = far_apart()
    comparison = Comparison(inputs, latents, sample=ITEMS)  # 30 items of 60 points
    rows = comparison.before.rows
    alone = comparison.alone("text")
    np.testing.assert_array_equal(alone.before.rows, rows)
    np.testing.assert_array_equal(alone.stacked, latents["text"][rows])
    assert comparison.alone("text") is alone
    assert whole(comparison, names=["lcmc"])["lcmc_within"].sampled == "30 of 60 items, seed 0"


def test_a_modality_alone_has_its_share_of_the_points() -> None:
    inputs, latents = far_apart()
    comparison = Comparison(inputs, latents)
    assert len(comparison.drawn(40)) == len(comparison.alone("image").drawn(40)) == 20


def test_one_modality_has_no_second_names() -> None:
    assert within.metrics(("image",), TABLE, names=STRUCTURE) == {}


def test_an_undefined_modality_leaves_the_mean_undefined_and_says_which() -> None:
    inputs, latents = far_apart()
    latents["text"] = np.ones_like(latents["text"])
    found = whole(Comparison(inputs, latents), names=["spearman", "local_spearman"])
    for name in ("spearman", "local_spearman"):
        assert np.isfinite(found[f"{name}_image"].value)
        assert np.isnan(found[f"{name}_within"].value)
        assert found[f"{name}_within"].note == "text: all distances between the latents are equal"


def test_rows_that_are_not_finite_are_refused() -> None:
    inputs, latents = far_apart()
    latents["text"][3] = np.nan
    with pytest.raises(InputError, match="'text' contain NaN"):
        Comparison(inputs, latents)


def test_modalities_of_different_widths_are_measured_within_each() -> None:
    inputs, latents = far_apart()
    inputs["text"] = inputs["text"][:, :4]
    comparison = Comparison(inputs, latents)
    assert np.isfinite(whole(comparison, names=["spearman"])["spearman_within"].value)
    assert "no common distances" in neighbourhoods.lcmc(comparison).note


def test_titles_say_over_what_a_figure_is() -> None:
    titles = {name: metric_entry(name) for name in ("spearman_within", "stress_image", "lcmc_text")}
    assert {name: each.title.split(", ")[-1] for name, each in titles.items() if each} == {
        "spearman_within": "mean of images and texts", "stress_image": "images", "lcmc_text": "texts",
    }  # fmt: skip
    assert titles["stress_image"] is not None and titles["stress_image"].better == "lower"
    assert metric_entry("recall_at_1_within") is metric_entry("unheard_of") is None
    assert metric_entry("spearman") is METRICS["spearman"]


def test_the_gap_is_that_of_the_means_in_units_of_spread() -> None:
    inputs, latents = far_apart()
    image, text = latents.values()
    spreads = [np.sqrt(((z - z.mean(axis=0)) ** 2).sum(axis=1).mean()) for z in (image, text)]
    expected = np.linalg.norm(image.mean(axis=0) - text.mean(axis=0)) / np.mean(spreads)
    found = modality_gap(Comparison(inputs, latents))
    assert found.value == pytest.approx(expected) and found.low < found.value < found.high
    assert found.n == ITEMS and not found.note
    alone = modality_gap(Comparison({"image": inputs["image"]}, {"image": image}))
    assert np.isnan(alone.value) and "two modalities" in alone.note
