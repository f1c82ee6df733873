"""Scores from decisions: what they are before and after the first bad item."""

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


def test_all_bad_and_one_item_give_numbers() -> None:
    for count in (1, 4):
        one = signals.of_arrays({"text": np.ones((count, 3), dtype=np.float32)}, {})
        found = scores.scored(one, np.arange(count), np.ones(count, dtype=bool), seed=0)
        assert np.isfinite(found.risk.probability).all()
