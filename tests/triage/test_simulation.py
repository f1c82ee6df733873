"""Replay: figures against closed forms, what a ranking may see, and labels of one kind."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.triage import simulation
from qlatent.triage.simulation import figures, perfect, recalls, replayed, starts


def test_figures_of_a_perfect_order() -> None:
    """1,000 items, 100 bad first: WSS@95 = (1000 − 95) / 1000 − 0.05, and nothing else is read."""
    found = perfect(np.arange(1000) % 10 == 3)
    assert found.reviews_for_half == 50
    assert found.share_for_half == pytest.approx(50 / (50 * 1001 / 101))
    assert found.recall_at_10 == 1
    assert found.wss95 == pytest.approx(0.855)
    assert found.tnr95 == 1
    assert found.time_to_discovery == pytest.approx(50.5 / 1000)
    assert found.recall_at_stop == 1
    assert found.stopped_at < 0.6


def test_figures_of_the_worst_order() -> None:
    found = figures(np.arange(1000) >= 900)
    assert found.wss95 == pytest.approx(5 / 1000 - 0.05)
    assert found.tnr95 == 0
    assert found.recall_at_10 == 0
    assert found.time_to_discovery == pytest.approx(950.5 / 1000)


def test_figures_of_a_random_order_have_their_expectation() -> None:
    """By simulation: half takes as long as expected, WSS@95 is near 0, and a bad item is found halfway."""
    drawn = [figures(np.random.default_rng(seed).permutation(400) < 40) for seed in range(30)]
    assert np.mean([each.share_for_half for each in drawn]) == pytest.approx(1, abs=0.08)
    expected = 1 - 38 * 401 / 41 / 400 - 0.05
    assert np.mean([each.wss95 for each in drawn]) == pytest.approx(expected, abs=0.02)
    assert np.mean([each.time_to_discovery for each in drawn]) == pytest.approx(0.5, abs=0.02)
    assert np.mean([each.recall_at_10 for each in drawn]) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize("count", [1, 5])
def test_one_kind_only_gives_no_division_by_zero(count: int) -> None:
    assert np.isnan(list(figures(np.zeros(count)).document().values())).all()
    every = figures(np.ones(count)).document()
    assert np.isnan(every.pop("tnr95"))
    assert np.isfinite(list(every.values())).all()
    assert np.isnan(list(figures([]).document().values())).all()


def test_the_recall_curve_counts_what_was_found() -> None:
    assert recalls([1, 0, 1, 0], [0, 0.25, 0.5, 0.75, 1]).tolist() == [0, 0.5, 0.5, 1, 1]
    assert np.isnan(recalls([0, 0], [0, 1])).all()


def test_a_replay_reviews_each_known_item_once_and_sees_no_label_early() -> None:
    labels = np.array([1, 0, 0, 1, np.nan, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    seen: list[list[int]] = []

    def ranking(decided: np.ndarray, bad: np.ndarray) -> np.ndarray:
        assert bad.tolist() == [labels[row] == 1 for row in decided]
        seen.append(decided.tolist())
        return -np.arange(len(labels), dtype=np.float64)

    found = replayed(labels, ranking, start=[3], seed=0, every=0)
    assert found.rows.tolist() == [row for row in range(14) if row not in (3, 4)]
    assert found.bad.tolist() == [labels[row] == 1 for row in found.rows]
    assert [len(each) for each in seen] == [1, 2, 4, 7, 11]  # batches of 1, 2, 3, 4 and what is left
    assert not found.drawn.any()


def test_every_tenth_item_is_drawn_from_what_is_left() -> None:
    labels = np.arange(200) < 20
    found = replayed(labels, lambda decided, bad: -np.arange(200.0), seed=0)
    assert np.flatnonzero(found.drawn).tolist() == list(range(9, 200, 10))
    assert sorted(found.rows) == list(range(200))
    draws = found.draws(100)
    assert [each.undecided for each in draws] == [191, 181, 171, 161, 151, 141, 131, 121, 111, 101]
    assert draws[3].found == found.bad[:39].sum()
    assert [each.bad for each in draws] == found.bad[9:100:10].tolist()


def test_a_replay_begins_with_a_known_bad_item() -> None:
    labels = np.array([0, 1, 0, 1, 0])
    assert {int(starts(labels, seed=seed)[0]) for seed in range(20)} == {1, 3}
    with pytest.raises(InputError, match="nothing to look for"):
        starts(np.zeros(3), seed=0)


def test_an_order_that_knows_is_better_than_one_by_lot() -> None:
    rng = np.random.default_rng(0)
    labels = rng.permutation(300) < 30
    scores = labels + rng.normal(size=300) * 0.5
    knowing = replayed(labels, lambda decided, bad: scores, seed=0)
    by_lot = replayed(labels, lambda decided, bad: np.random.default_rng(0).random(300), seed=0)
    assert figures(knowing.bad).wss95 > 0.4 > figures(by_lot.bad).wss95
    assert figures(knowing.bad).share_for_half < 0.3
    assert simulation.stopped(knowing.bad) < 300
