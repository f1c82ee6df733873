"""Examples of a group: its boundary, random ones, and those least like the rest."""

from __future__ import annotations

import numpy as np

from qlatent.triage.examples import examples


def at(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_the_boundary_is_nearest_to_others_and_the_different_farthest_from_the_mean() -> None:
    vectors = at(
        0, 2, 4, 6, 8, 40, 130, 135, -60
    )  # a group of six, two others, and one far away in the group
    group = np.array([0, 1, 2, 3, 4, 5, 8])
    boundary, random, different = examples(vectors, group, count=1, rng=np.random.default_rng(0))
    assert different.tolist() == [8] and boundary.tolist() == [5]
    assert len(random) == 1 and random[0] in (0, 1, 2, 3, 4)


def test_no_item_is_shown_twice_and_missing_vectors_are_only_drawn() -> None:
    vectors = np.random.default_rng(1).normal(size=(50, 4)).astype(np.float32)
    vectors[3] = np.nan
    group = np.arange(20)
    parts = examples(vectors, group, count=6, rng=np.random.default_rng(2))
    found = np.concatenate(parts)
    assert len(found) == len(set(found)) == 18 and set(found) <= set(group.tolist())
    assert 3 not in parts[0] and 3 not in parts[2]


def test_small_groups_and_groups_without_vectors() -> None:
    rng = np.random.default_rng(3)
    assert [part.tolist() for part in examples(None, np.arange(3), count=6, rng=rng)] == [[], [0, 1, 2], []]
    assert [len(part) for part in examples(at(1, 2), np.arange(2), count=6, rng=rng)] == [0, 0, 2]
    assert [len(part) for part in examples(at(1, 2), np.arange(0), count=6, rng=rng)] == [0, 0, 0]
