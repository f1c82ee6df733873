"""A metric returns a value, or NaN with a note."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.metric import ItemMetric, metric
from qlatent.metrics.value import Contributions, MetricValue, Undefined

X = {"text": np.arange(12.0).reshape(6, 2)}
COMPARISON = Comparison(X, X)


@pytest.mark.parametrize("error", [Undefined("needs labels"), InputError("needs labels")])
def test_an_undefined_metric_has_a_note(error: Exception) -> None:
    def fails(comparison: Comparison) -> Contributions:
        raise error

    for found in (ItemMetric(fails)(COMPARISON), metric(fails)(COMPARISON)):  # type: ignore[arg-type]
        assert isinstance(found, MetricValue)
        assert math.isnan(found.value) and found.note == "needs labels"
        assert found.sampled == COMPARISON.sampled


def test_other_errors_are_bugs_and_stay() -> None:
    def breaks(comparison: Comparison) -> MetricValue:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        metric(breaks)(COMPARISON)


def test_a_metric_of_items_is_the_mean_of_its_contributions_with_an_interval() -> None:
    values = np.array([0.0, 1.0, 1.0, 0.0, 1.0, np.nan])

    def hits(comparison: Comparison) -> Contributions:
        """How often it hit."""
        return Contributions(values, comparison.sampled, finish=lambda mean: 10 * mean)

    measured = ItemMetric(hits)
    found = measured(COMPARISON)
    assert found.value == pytest.approx(6.0)
    assert (found.low, found.high, found.n) == (pytest.approx(2.0), pytest.approx(10.0), 5)
    assert measured.__doc__ == "How often it hit." and repr(measured) == "<metric hits>"
