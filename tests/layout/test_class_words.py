"""Class TF-IDF against the formula written out by hand."""

from __future__ import annotations

import math

import numpy as np

from qlatent.layout.class_words import class_words, weighted


def test_words_of_a_cluster_are_those_the_others_lack() -> None:
    texts = ["red apple", "green apple", "fast red car", "car with wheels", "noise everywhere"]
    assert class_words(texts, np.array([0, 0, 1, 1, -1]), words=1) == [("apple",), ("car",)]


def test_weights_follow_the_formula() -> None:
    counts = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 4.0]])
    found = weighted(counts)
    words = (3 + 5) / 2
    assert math.isclose(found[0, 0], 2 / 3 * math.log(1 + words / 2))
    assert math.isclose(found[1, 1], 1 / 5 * math.log(1 + words / 2))
    assert found[0, 2] == 0.0


def test_clusters_without_words_have_none() -> None:
    assert class_words(["the", "12 34", "plum"], np.array([0, 0, 1])) == [(), ("plum",)]
    assert class_words(["", ""], np.array([0, 1])) == [(), ()]
    assert class_words([], np.array([], dtype=np.int64)) == []
