"""Pairs against brute force, and groups against SciPy's complete linkage and a check of every clique."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster
from scipy.cluster.hierarchy import linkage as scipy_linkage
from scipy.spatial.distance import pdist, squareform

from qlatent.triage.duplicates.groups import Groups, cut, linkage
from qlatent.triage.duplicates.pairs import Pairs, near
from qlatent.triage.duplicates.vectors import Vectors


def points(seed: int, count: int = 60) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(size=(count, 2)).astype(np.float32)


def grouped(vectors: NDArray[np.float32], threshold: float, *, widest: float = 2.0) -> Groups:
    pairs = near(Vectors(vectors, distance="euclidean"), widest=widest)
    return cut(linkage(pairs), np.arange(len(vectors), dtype=np.int32), threshold)


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_those_of_brute_force(seed: int) -> None:
    vectors = points(seed)
    apart = squareform(pdist(vectors.astype(np.float64)))
    found = near(Vectors(vectors, distance="euclidean"), widest=0.3)
    expected = {(a, b) for a, b in combinations(range(60), 2) if apart[a, b] <= 0.3}
    assert set(zip(found.first.tolist(), found.second.tolist(), strict=True)) == expected
    assert np.allclose(found.distance, apart[found.first, found.second], atol=1e-3)
    assert (np.diff(found.distance) >= 0).all()


def test_pairs_in_many_blocks_are_those_in_one() -> None:
    vectors = Vectors(points(3), distance="euclidean")
    whole = near(vectors, widest=0.4)
    vectors.block = 100  # instance attribute: one row at a time
    seen: list[int] = []
    parts = near(vectors, widest=0.4, progress=lambda done, total: seen.append(done))
    assert np.array_equal(parts.first, whole.first)
    assert np.array_equal(parts.second, whole.second)
    assert (seen[-1], len(seen)) == (60, 60)


@pytest.mark.parametrize("block", [60, 1 << 22])
def test_too_many_pairs_draw_the_widest_distance_in_and_none_within_it_is_missing(block: int) -> None:
    vectors = Vectors(points(0), distance="euclidean")
    vectors.block = block
    everything = near(vectors, widest=2.0)
    found = near(vectors, widest=2.0, most=100)
    assert 90 <= len(found) <= 100
    assert found.widest == found.distance[-1] < 2.0
    within = everything.distance <= found.widest
    assert np.array_equal(found.first, everything.first[within])
    assert np.array_equal(found.second, everything.second[within])


def test_pairs_that_are_all_equally_near_and_too_many_leave_no_threshold() -> None:
    found = near(Vectors(np.eye(30, dtype=np.float32)), widest=1.0, most=100)
    assert (len(found), found.widest) == (0, -1.0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("threshold", [0.05, 0.15, 0.4])
def test_groups_are_those_of_scipys_complete_linkage(seed: int, threshold: float) -> None:
    vectors = points(seed)
    found = grouped(vectors, threshold).group
    theirs = fcluster(scipy_linkage(vectors.astype(np.float64), "complete"), threshold, "distance")
    same_theirs = theirs[:, None] == theirs
    same_ours = (found[:, None] == found) & (found >= 0)
    np.fill_diagonal(same_theirs, False)
    np.fill_diagonal(same_ours, False)
    assert np.array_equal(same_ours, same_theirs)


@pytest.mark.parametrize("seed", range(8))
def test_every_member_lies_within_the_threshold_of_every_other_also_among_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.integers(4, size=(40, 3)).astype(np.float32)  # few different distances
    vectors = np.unique(vectors, axis=0)
    apart = squareform(pdist(vectors))
    for threshold in (1.0, 1.5, 2.0):
        found = grouped(vectors, threshold, widest=2.1)
        cliques = [found.members(each) for each in range(len(found))]
        assert all(apart[np.ix_(each, each)].max() <= threshold + 1e-3 for each in cliques)
        assert all(len(each) >= 2 for each in cliques)
        for one, other in combinations(cliques, 2):  # none could be joined to another
            assert apart[np.ix_(one, other)].max() > threshold + 1e-3


def test_a_chain_whose_ends_are_too_far_apart_is_not_one_group() -> None:
    found = grouped(np.array([[0, 0], [1, 0], [2.1, 0]], dtype=np.float32), 1.2)
    assert found.group.tolist() == [0, 0, -1]
    assert found.representative.tolist() == [0]


def test_the_groups_of_each_threshold_lie_in_those_of_a_wider_one() -> None:
    vectors = points(1)
    fine, coarse = grouped(vectors, 0.1).group, grouped(vectors, 0.3).group
    pairs = [(a, b) for a, b in combinations(range(60), 2) if fine[a] == fine[b] >= 0]
    assert pairs
    assert all(coarse[a] == coarse[b] >= 0 for a, b in pairs)


def test_items_of_one_content_are_a_group_numbered_by_its_first_item() -> None:
    none = Pairs(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32), 1.0)
    content = np.array([2, -1, 0, 2, 0, 1, -1], dtype=np.int32)
    flat = content < 0
    found = cut(linkage(none), content, 0.0, flat=flat)
    assert found.group.tolist() == [0, -1, 1, 0, 1, -1, -1]
    assert found.representative.tolist() == [0, 2]
    assert found.sizes.tolist() == [2, 2]
    assert found.flat is flat


@pytest.mark.parametrize("count", [0, 1])
def test_no_item_and_one_item_are_no_group(count: int) -> None:
    found = grouped(np.ones((count, 2), dtype=np.float32), 1.0)
    assert (len(found), found.group.tolist()) == (0, [-1] * count)


def test_a_hundred_thousand_items_are_grouped_anew_from_their_merges() -> None:
    rng, count = np.random.default_rng(0), 100_000
    first = np.arange(0, count, 2, dtype=np.int32)
    distance = np.sort(rng.uniform(0, 16, count // 2)).astype(np.float32)
    pairs = Pairs(rng.permutation(first), np.zeros(count // 2, np.int32), distance, 16.0)
    pairs = Pairs(pairs.first, pairs.first + np.int32(1), distance, 16.0)
    merges = linkage(pairs)
    for threshold in (0.0, 4.0, 8.0, 16.0):
        found = cut(merges, np.arange(count, dtype=np.int32), threshold)
        assert len(found) == (distance <= threshold).sum()
