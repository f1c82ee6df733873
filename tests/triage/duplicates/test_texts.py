"""Distances of texts against scikit-learn's cosine, and what makes no difference."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import cosine_distances

from qlatent.triage.duplicates.texts import Trigrams

WORDS = (
    "sony",
    "bravia",
    "hdtv",
    "black",
    "46",
    "lcd",
    "kdl-46v5100",
    "speaker",
    "wall",
    "mount",
    "für",
    "café",
)


def texts(count: int, *, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=rng.integers(1, 9))) for _ in range(count)]


@pytest.mark.parametrize("seed", range(3))
def test_distances_are_those_of_scikit_learn(seed: int) -> None:
    given = texts(50, seed=seed)
    weights = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3)).fit_transform(given)
    expected = cosine_distances(weights)
    found = Trigrams(given)
    assert np.allclose(found.distances(0, 50, 0), expected, atol=1e-5)
    assert np.allclose(found.distances(10, 20, 7), expected[10:20, 7:], atol=1e-5)


def test_case_and_the_ways_to_write_a_character_are_the_same() -> None:
    found = Trigrams(["Café ＡＢＣ straße", "CAFE\u0301 abc STRASSE", "тест 試験 🙂"]).distances(0, 3, 0)
    assert np.allclose(found[0], [0, 0, 1], atol=1e-6)


@pytest.mark.parametrize("given", [["", "  ", "\n"], ["", "a lamp", "!"], []])
def test_an_empty_text_is_at_distance_1_from_everything(given: list[str]) -> None:
    found = Trigrams(given)
    assert found.empty.tolist() == [not text.strip() for text in given]
    apart = found.distances(0, len(given), 0)
    assert (apart[found.empty] == 1).all()
