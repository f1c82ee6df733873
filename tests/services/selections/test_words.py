"""Words that set texts apart: against the formulas of Monroe, Colaresi & Quinn (2008) written out."""

from __future__ import annotations

from collections import Counter
from math import log, sqrt

import numpy as np
import pytest

from qlatent.services.selections.words import apart, z_scores

ONE = ["the red apple", "a red, red apple in the shop", "apple of the shop"]
TWO = ["the green pear", "a pear in the shop", "the blue plum", "plum of the shop 2024"]


def written_out(one: list[str], two: list[str]) -> dict[str, float]:
    """Equations 15 and 22, with the prior counts of section 3.3.2: y_w · α₀ / n, α₀ being the number of words."""
    parts = [[word.strip(",") for text in texts for word in text.split()] for texts in (one, two)]
    counts = [Counter(word for word in words if word.isalpha() and len(word) > 1) for words in parts]
    every = counts[0] + counts[1]
    weight = len(every) / every.total()
    scores = {}
    for word in every:
        prior, odds, variance = every[word] * weight, [], 0.0
        for each in counts:
            y, n = each[word] + prior, each.total() + len(every)
            odds.append(log(y / (n - y)))
            variance += 1 / y
        scores[word] = (odds[0] - odds[1]) / sqrt(variance)
    return scores


def test_words_are_scored_as_published() -> None:
    expected = written_out(ONE, TWO)
    found = apart(ONE, TWO, top=50)
    assert {each.word for each in found} == {word for word, score in expected.items() if score > 0}
    for each in found:
        assert each.score == pytest.approx(expected[each.word])
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
    leading = found[0]
    assert (leading.word, leading.inside, leading.rest) in (("red", 3, 0), ("apple", 3, 0))


def test_exchanging_the_sides_turns_the_signs() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.integers(0, 50, size=(2, 30))
    np.testing.assert_allclose(z_scores(one, two), -z_scores(two, one))


def test_texts_without_words_have_none() -> None:
    assert apart([], TWO) == apart(ONE, []) == []
    assert apart(["12 3"], ["4 5"]) == apart(["1"], ["red red"]) == []
    assert apart(["Über Ästhetik"], ["the other"])[0].word in ("über", "ästhetik")
