"""Matching of two sources and its score, against loops over all pairs and thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qlatent.triage.duplicates import matching
from qlatent.triage.duplicates.matching import Candidates
from qlatent.triage.duplicates.vectors import Vectors


@pytest.mark.parametrize("block", [1, 1 << 22])
def test_mutual_best_matches_are_those_of_a_loop(block: int) -> None:
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(13, 3)), rng.normal(size=(17, 3))
    apart = np.linalg.norm(left[:, None] - right[None], axis=2)
    contents = Vectors(np.concatenate([left, right]).astype(np.float32), distance="euclidean")
    contents.block = block
    found = matching.mutual_best(contents, 13)
    expected = [
        (a, b) for a in range(13) for b in range(17) if apart[a].argmin() == b and apart[:, b].argmin() == a
    ]
    assert list(zip(found[0].tolist(), found[1].tolist(), strict=True)) == expected
    assert np.allclose(found[2], [apart[pair] for pair in expected], atol=1e-5)


def test_no_item_is_in_two_matches_where_distances_are_equal() -> None:
    same = Vectors(np.ones((6, 2), dtype=np.float32))
    left, right, _ = matching.mutual_best(same, 3)
    assert (left.tolist(), right.tolist()) == ([0], [0])


@pytest.mark.parametrize("lefts", [0, 4])
def test_a_source_without_items_has_no_match(lefts: int) -> None:
    assert not len(matching.mutual_best(Vectors(np.ones((4, 2), dtype=np.float32)), lefts)[0])


def drawn(seed: int) -> tuple[Candidates, int]:
    rng = np.random.default_rng(seed)
    distance = rng.integers(20, size=80) / 20
    true = rng.uniform(size=80) > distance
    owner = rng.integers(30, size=80)
    return Candidates(distance, true, owner, np.concatenate([owner[true], [3, 4, 5]])), 30


def f1(found: Candidates, half: NDArray[np.bool_], threshold: float) -> float:
    taken = [i for i in range(len(found.distance)) if half[found.owner[i]] and found.distance[i] <= threshold]
    hits = sum(bool(found.true[i]) for i in taken)
    wanted = sum(bool(half[owner]) for owner in found.true_owner)
    precision, recall = hits / len(taken), hits / wanted
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_is_the_best_of_one_half_and_scored_on_the_other(seed: int) -> None:
    found, owners = drawn(seed)
    score = matching.chosen_and_scored(found, owners, seed=seed)
    half = np.zeros(owners, bool)
    half[np.random.default_rng(seed).permutation(owners)[:15]] = True
    tried = {value: f1(found, half, value) for value in sorted(set(found.distance[half[found.owner]]))}
    assert tried[score.threshold] == pytest.approx(max(tried.values()))
    assert score.f1 == pytest.approx(f1(found, ~half, score.threshold))
    assert 2 / (1 / score.precision + 1 / score.recall) == pytest.approx(score.f1)


def test_a_given_threshold_is_scored_on_the_same_half() -> None:
    found, owners = drawn(1)
    half = np.ones(owners, bool)
    half[np.random.default_rng(4).permutation(owners)[:15]] = False
    score = matching.chosen_and_scored(found, owners, seed=4, threshold=0.3)
    assert (score.threshold, score.f1) == (0.3, pytest.approx(f1(found, half, 0.3)))


def test_without_candidates_or_true_pairs_every_figure_is_0() -> None:
    none = np.empty(0, np.int64)
    score = matching.chosen_and_scored(Candidates(np.empty(0), none.astype(bool), none, none), 4, seed=0)
    assert (score.f1, score.precision, score.recall, score.threshold) == (0, 0, 0, 0)
