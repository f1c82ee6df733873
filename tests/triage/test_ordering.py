"""Orders: each by its own signal, what is unknown last, and diversity by the farthest of the most uncertain."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import ConfigError
from qlatent.triage import ordering
from qlatent.triage.ordering import Signals


def test_every_order_sorts_by_its_signal() -> None:
    given = {
        name: np.random.default_rng(place).normal(size=6)
        for place, name in enumerate(
            ("risk", "uncertainty", "disagreement", "cluster", "duplicates", "column", "date")
        )
    }
    given["risk"][2] = np.nan
    signals = Signals(6, **given)
    for name in ("risk", "uncertainty", "disagreement", "cluster", "duplicates", "column"):
        expected = sorted(
            range(6), key=lambda row, name=name: (np.isnan(given[name][row]), -given[name][row])
        )
        assert ordering.positions(ordering.order(name).ranked(signals)).tolist() == expected
    assert ordering.positions(ordering.order("risk").ranked(signals))[-1] == 2
    newest = ordering.positions(ordering.order("newest").ranked(signals))
    assert newest.tolist() == np.argsort(-given["date"]).tolist()
    assert ordering.positions(ordering.order("oldest").ranked(signals)).tolist() == newest[::-1].tolist()


def test_what_is_not_known_keeps_the_row_order() -> None:
    for name in ordering.ORDERS:
        if name not in ("random", "newest"):
            found = ordering.positions(ordering.order(name).ranked(Signals(4)))
            assert found.tolist() == [0, 1, 2, 3]
    assert ordering.positions(ordering.order("newest").ranked(Signals(3))).tolist() == [2, 1, 0]
    assert ordering.positions(
        ordering.order("oldest").ranked(Signals(2, date=np.array([np.nan, 3.0])))
    ).tolist() == [1, 0]


def test_random_follows_the_seed() -> None:
    first, again, other = (ordering.order("random").ranked(Signals(50), seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_an_unknown_order_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="alphabet"):
        ordering.order("alphabet")


def test_diversity_takes_one_of_each_heap() -> None:
    """Three heaps that are equally uncertain, one of them decided already: the other two come first."""
    heaps = np.repeat(np.array([[0.0, 0], [10, 0], [0, 10]]), 4, axis=0)
    places = heaps + np.random.default_rng(0).normal(size=heaps.shape) * 0.01
    chosen = ordering.diverse(np.ones(12), places, known=[0], wanted=2)
    assert sorted(row // 4 for row in chosen) == [1, 2]


def test_diversity_is_the_farthest_first_traversal_of_the_most_uncertain() -> None:
    rng = np.random.default_rng(0)
    values, places, known = rng.random(60), rng.normal(size=(60, 3)), [3, 9]
    left = [row for row in np.argsort(-values) if row not in known][: ordering.CANDIDATES * 4]
    taken = list(known)
    for _ in range(4):
        gaps = {
            row: min(float(np.linalg.norm(places[row] - places[each])) for each in taken)
            for row in left if row not in taken
        }  # fmt: skip
        taken.append(max(gaps, key=lambda row: gaps[row]))
    assert ordering.diverse(values, places, known=known, wanted=4).tolist() == taken[2:]


def test_diversity_of_nothing_and_of_too_few() -> None:
    assert len(ordering.diverse([np.nan, np.nan], np.ones((2, 2)), known=[], wanted=3)) == 0
    assert ordering.diverse([0.5], np.ones((1, 2)), known=[], wanted=3).tolist() == [0]
    assert ordering.diverse([0.9, 0.8], np.eye(2), known=[0], wanted=2).tolist() == [1]
    assert ordering.diverse([0.5, 0.2], np.full((2, 2), np.nan), known=[], wanted=1).tolist() == [0]
