"""Rankings against sorting and scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata

from qlatent.metrics.pairs.distances import ranks
from qlatent.metrics.pairs.ranks import ranking

RNG = np.random.default_rng(0)
VALUES = {
    "even": RNG.random(5000),
    "bell": RNG.normal(size=5000),
    "tied": RNG.integers(0, 2000, size=5000).astype(float),
    "few": RNG.integers(0, 3, size=5000).astype(float),
    "two": np.array([2.0, 1.0]),
}


@pytest.mark.parametrize("name", VALUES)
def test_order_and_ranks_are_those_of_sorting(name):
    values = VALUES[name]
    got = ranking(values)
    np.testing.assert_array_equal(got.ordered, np.sort(values))
    np.testing.assert_array_equal(values[got.order], got.ordered)
    centred = rankdata(values) - (len(values) + 1) / 2
    assert got.length == pytest.approx(np.linalg.norm(centred))
    np.testing.assert_allclose(got.unit, centred / got.length, atol=1e-14)
    np.testing.assert_allclose(got.unit, ranks(values), atol=1e-14)


@pytest.mark.parametrize("values", [np.ones(4), np.ones(1), np.empty(0)])
def test_equal_values_have_no_ranks(values):
    got = ranking(values)
    assert got.length == 0
    assert np.isnan(got.unit).all()
