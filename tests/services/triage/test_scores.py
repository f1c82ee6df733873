"""Scores from decisions: what they are before and after the first bad item, and what one is made of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from qlatent.services.triage import scores, signals
from qlatent.services.triage.signals import Evidence
from qlatent.triage import ordering

BAD = np.arange(200) % 10 == 0


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """200 items, a tenth of them bad: apart in one direction, and dear."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 6)).astype(np.float32)
    points[BAD, 0] += 3
    price = pd.Series(np.where(BAD, 50.0, 10.0) + rng.random(200), dtype="Float64")
    return signals.of_arrays({"text": points}, {"price": price})


def test_before_the_first_bad_item_nothing_is_known(evidence: Evidence) -> None:
    found = scores.scored(evidence, [1, 2], [False, False], seed=0)
    assert found.model is None
    assert np.isnan(found.risk.probability).all()
    assert scores.parts(evidence, found, [1, 2], [False, False], row=3) is None
    assert ordering.positions(ordering.order("risk").ranked(found.signals)).tolist() == list(range(200))
    assert np.isnan(scores.scored(evidence, [], [], seed=0).risk.low).all()


def test_risk_finds_the_others_and_uncertainty_begins_apart_from_what_is_decided(evidence: Evidence) -> None:
    decided = np.arange(60)
    found = scores.scored(evidence, decided, BAD[:60], seed=0, diverse=5)
    first = [row for row in ordering.positions(found.signals.risk) if row >= 60][:12]
    assert BAD[first].mean() > 0.9
    assert found.signals.uncertainty is not None
    lead = ordering.positions(ordering.order("uncertainty").ranked(found.signals))[:5]
    expected = ordering.diverse(found.risk.uncertainty, evidence.latents, known=decided, wanted=5)
    assert lead.tolist() == expected.tolist()
    assert (lead >= 60).all()
    nearest = scores.alike_to(evidence, np.flatnonzero(BAD[:60]))
    np.testing.assert_array_equal(found.signals.duplicates, nearest)


def test_the_parts_of_a_score_add_up(evidence: Evidence) -> None:
    decided = np.arange(150)
    found = scores.scored(evidence, decided, BAD[:150], seed=0)
    made = scores.parts(evidence, found, decided, BAD[:150], row=160)
    assert made is not None and found.model is not None
    assert (made.probability, made.low, made.high) == (
        found.risk.probability[160], found.risk.low[160], found.risk.high[160],
    )  # fmt: skip
    assert (made.bad_decided, made.good_decided, made.calibrated) == (15, 135, True)
    assert made.columns[0].title.startswith("price is")
    assert made.columns[0].rarer_than > 0.85
    row, usual = evidence.learned[160], np.median(evidence.learned, axis=0)
    whole = found.model.slope * (found.model.weights @ (row - usual))
    shares = found.model.slope * found.model.weights * (row - usual)
    assert made.latents == pytest.approx(shares[:6].sum())
    assert made.latents + shares[6:].sum() == pytest.approx(whole)
    expected = sorted(shares[6:][shares[6:] > 0], reverse=True)[:5]
    assert [each.logit for each in made.columns] == pytest.approx(expected)
    assert len(made.nearest) == 5
    assert all(each.bad == BAD[each.row] and each.row < 150 for each in made.nearest)
    assert [each.alike for each in made.nearest] == sorted(
        (each.alike for each in made.nearest), reverse=True
    )


def test_the_nearest_decided_items_do_not_include_the_item_itself(evidence: Evidence) -> None:
    found = scores.scored(evidence, [0, 1], [True, False], seed=0)
    made = scores.parts(evidence, found, [0, 1], [True, False], row=0)
    assert made is not None
    assert [each.row for each in made.nearest] == [1]
    assert not made.calibrated


def test_all_bad_and_one_item_give_numbers() -> None:
    for count in (1, 4):
        one = signals.of_arrays({"text": np.ones((count, 3), dtype=np.float32)}, {})
        found = scores.scored(one, np.arange(count), np.ones(count, dtype=bool), seed=0)
        assert np.isfinite(found.risk.probability).all()
        assert scores.parts(one, found, np.arange(count), np.ones(count, dtype=bool), row=0) is not None
