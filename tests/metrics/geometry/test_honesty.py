"""Honesty metrics against scipy and scikit-learn on the joint set, and on maps with known values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist, pdist
from scipy.stats import spearmanr
from sklearn.neighbors import NearestNeighbors

from qlatent.metrics.geometry.gap import gap
from qlatent.metrics.geometry.honesty import Reference, honesty

RNG = np.random.default_rng(0)
INPUTS = {"image": RNG.normal(size=(40, 16)), "text": RNG.normal(size=(40, 16)) + 0.5}
LATENTS = {name: x[:, :3] * np.array([1.0, 0.5, 0.2]) for name, x in INPUTS.items()}


def joint(arrays):
    return np.concatenate([arrays["image"], arrays["text"]])


def test_spearman_is_over_all_pairs_of_the_joint_set_and_within_each_modality():
    got = honesty(INPUTS, LATENTS)
    assert got["spearman"] == pytest.approx(spearmanr(pdist(joint(INPUTS)), pdist(joint(LATENTS))).statistic)
    for name in INPUTS:
        wanted = spearmanr(pdist(INPUTS[name]), pdist(LATENTS[name])).statistic
        assert got[f"spearman_{name}"] == pytest.approx(wanted)


def test_neighbour_overlap_is_over_the_joint_set():
    before, after = (
        NearestNeighbors(n_neighbors=10).fit(joint(arrays)).kneighbors(return_distance=False)
        for arrays in (INPUTS, LATENTS)
    )
    wanted = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(before, after, strict=True)])
    got = honesty(INPUTS, LATENTS)
    assert got["neighbour_overlap"] == pytest.approx(wanted)
    assert got["neighbour_chance"] == pytest.approx(10 / 79)


def test_neighbours_within_a_modality_are_those_of_its_own_points():
    got = honesty(INPUTS, LATENTS)
    for name in INPUTS:
        before, after = (
            NearestNeighbors(n_neighbors=10).fit(arrays[name]).kneighbors(return_distance=False)
            for arrays in (INPUTS, LATENTS)
        )
        wanted = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(before, after, strict=True)])
        assert got[f"neighbour_overlap_{name}"] == pytest.approx(wanted)
    assert got["neighbour_chance_within"] == pytest.approx(10 / 39)


def test_a_gap_hides_lost_structure_from_the_joint_figures_alone():
    """Two noise clouds far apart before and after: everything within is lost, and the joint Spearman stays high."""
    noise = {name: RNG.normal(size=(60, 3)) for name in INPUTS}
    inputs = {"image": RNG.normal(size=(60, 3)), "text": RNG.normal(size=(60, 3)) + 40.0}
    got = honesty(inputs, {"image": noise["image"], "text": noise["text"] + 40.0})
    assert got["spearman"] > 0.7
    assert abs(got["spearman_image"]) < 0.2 and abs(got["spearman_text"]) < 0.2


def test_figures_between_the_modalities_are_the_gap_and_the_retrieval_of_the_partner():
    got = honesty(INPUTS, LATENTS)
    assert got["gap"] == pytest.approx(gap(LATENTS["image"], LATENTS["text"]))
    assert got["gap_before"] == pytest.approx(gap(INPUTS["image"], INPUTS["text"]))
    distances = cdist(LATENTS["image"], LATENTS["text"])
    assert got["recall_1_image"] == pytest.approx(np.mean(distances.argmin(axis=1) == np.arange(40)))
    assert got["recall_1_text"] == pytest.approx(np.mean(distances.argmin(axis=0) == np.arange(40)))
    assert got["recall_chance"] == pytest.approx(1 / 40)


def test_a_tie_finds_no_partner():
    same = {name: np.zeros((5, 2)) for name in INPUTS}
    assert honesty({name: x[:5, :2] for name, x in INPUTS.items()}, same)["recall_1_image"] == 0.0


def test_latents_that_are_not_finite_are_left_out():
    spoilt = {name: z.copy() for name, z in LATENTS.items()}
    spoilt["image"][3], spoilt["text"][7] = np.nan, np.inf
    rest = np.delete(np.arange(40), [3, 7])
    wanted = honesty({m: x[rest] for m, x in INPUTS.items()}, {m: z[rest] for m, z in LATENTS.items()})
    assert honesty(INPUTS, spoilt) == pytest.approx(wanted)
    assert honesty(INPUTS, {m: np.full_like(z, np.nan) for m, z in LATENTS.items()}) == {"sample_points": 0.0}


def test_figures_over_both_together_can_be_left_out():
    got = Reference(INPUTS).compare(LATENTS, together=False)
    assert set(honesty(INPUTS, LATENTS)) - set(got) == {"spearman", "neighbour_overlap", "neighbour_chance"}


def test_pair_error_and_norms_use_every_row_at_any_sample_size():
    apart = np.linalg.norm(INPUTS["image"] - INPUTS["text"], axis=1)
    apart_after = np.linalg.norm(LATENTS["image"] - LATENTS["text"], axis=1)
    norms = np.linalg.norm(joint(LATENTS), axis=1)
    got = honesty(INPUTS, LATENTS, sample=20)
    assert got["pair_error"] == pytest.approx(np.abs(apart - apart_after).mean())
    assert (got["norm_min"], got["norm_max"]) == (norms.min(), norms.max())
    assert got["norm_median"] == pytest.approx(np.median(norms))
    assert got["sample_points"] == 20


def test_a_map_that_changes_nothing_is_perfect():
    got = honesty(INPUTS, INPUTS)
    perfect = ("spearman", "spearman_image", "spearman_text", "neighbour_overlap")
    assert [got[name] for name in perfect] == pytest.approx([1.0] * 4)
    assert got["pair_error"] == 0.0


def test_a_constant_offset_satisfies_the_pair_error_and_nothing_else():
    """The metrics must reveal the flaw of a loss on matched pairs only."""
    image = INPUTS["image"]
    shift = np.full_like(image, 2.0 / 4.0)  # length 2
    collapsed = {"image": np.zeros_like(image), "text": np.zeros_like(image) + shift}
    got = honesty({"image": image, "text": image + shift}, collapsed)
    assert got["pair_error"] == pytest.approx(0.0, abs=1e-12)
    assert got["neighbour_overlap"] < 0.6
    assert np.isnan(got["spearman_image"])


def test_one_modality_has_no_pairs_and_no_part():
    got = honesty({"text": INPUTS["text"]}, {"text": LATENTS["text"]})
    assert "pair_error" not in got
    assert "spearman_text" not in got
    assert got["spearman"] == pytest.approx(
        spearmanr(pdist(INPUTS["text"]), pdist(LATENTS["text"])).statistic
    )


def test_the_sample_is_the_same_for_every_frame_and_follows_the_seed():
    one, same, other = (Reference(INPUTS, sample=20, seed=seed) for seed in (1, 1, 2))
    assert one.compare(LATENTS) == same.compare(LATENTS)
    assert list(one.rows) == list(same.rows) != list(other.rows)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_very_few_rows_give_the_defined_metrics_without_error(rows):
    got = honesty({m: x[:rows] for m, x in INPUTS.items()}, {m: z[:rows] for m, z in LATENTS.items()})
    assert got["sample_points"] == 2 * rows
    assert 0 <= got["neighbour_overlap"] <= 1
