"""Recall counts what it says."""

import numpy as np
import pytest

from qlatent.demo.retrieval import pair_ranks, score_pairs


def test_ranks_count_columns_that_score_at_least_as_high() -> None:
    similarity = np.array([[3.0, 1.0, 2.0], [5.0, 4.0, 4.0], [0.0, 1.0, -1.0]])
    assert pair_ranks(similarity).tolist() == [0, 2, 2]


def test_equal_vectors_score_nothing_since_ties_count_against_us() -> None:
    scores = score_pairs(np.ones((20, 3)), np.ones((20, 3)), rng=np.random.default_rng(0))
    assert scores["image_to_text"]["R@1"]["value"] == 0
    assert scores["text_to_image"]["R@5"]["value"] == 0


def test_perfect_pairs_score_one_with_an_interval_of_no_width() -> None:
    scores = score_pairs(np.eye(20) * 3, np.eye(20), rng=np.random.default_rng(0))
    for direction in ("image_to_text", "text_to_image"):
        assert scores[direction]["R@1"] == {"value": 1.0, "interval": [1.0, 1.0]}


def test_interval_is_the_binomial_one_for_many_queries() -> None:
    vectors = np.eye(400)
    texts = vectors.copy()
    texts[:200] = vectors[[*range(1, 200), 0]]  # half of the pairs are shifted by one
    scores = score_pairs(vectors, texts, rng=np.random.default_rng(0))["image_to_text"]["R@1"]
    half_width = 1.96 * np.sqrt(0.25 / 400)
    assert scores["value"] == 0.5
    assert scores["interval"] == pytest.approx([0.5 - half_width, 0.5 + half_width], abs=0.01)
