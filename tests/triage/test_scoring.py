"""The model of decisions: its weights are the closed optimum, its interval covers, and few decisions break nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.special import expit

from qlatent.errors import InputError
from qlatent.triage import axes, scoring

NONE = np.empty(0, dtype=np.int64)


def drawn(seed: int, *, items: int = 800, columns: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, the true probability of each row, and which rows are bad."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(items, columns))
    likely = expit(rows @ rng.normal(size=columns) - 3)
    return rows, likely, rng.random(items) < likely


def test_weights_are_the_most_probable_ones_and_the_posterior_is_their_curvature() -> None:
    rows, _, bad = drawn(0, items=300, columns=3)
    positive, negative = np.flatnonzero(bad), np.flatnonzero(~bad)
    model = scoring.fit(rows, positive, negative, seed=0)
    assert model.presumed == 0

    def loss(at: np.ndarray) -> float:
        logits = rows @ at[:3] + at[3]
        return float(
            np.logaddexp(0, np.where(bad, -logits, logits)).sum() + at[:3] @ at[:3] / (2 * model.width**2)
        )

    best = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-8}).x
    assert_allclose(np.append(model.weights, model.intercept), best, rtol=0.02, atol=0.01)
    step, curved = 1e-4, np.empty((4, 4))
    for i, j in np.ndindex(4, 4):
        a, b = step * np.eye(4)[i], step * np.eye(4)[j]
        curved[i, j] = (loss(best + a + b) - loss(best + a - b) - loss(best - a + b) + loss(best - a - b)) / (
            4 * step**2
        )
    curved[3, 3] += 0.01  # the prior of the intercept
    assert_allclose(model.root @ model.root.T, curved, rtol=0.05, atol=0.3)


def test_logits_are_shares_of_the_columns() -> None:
    rows, _, bad = drawn(1)
    model = scoring.fit(rows, np.flatnonzero(bad)[:40], np.flatnonzero(~bad)[:200], seed=0)
    assert model.calibrated
    two = model.slope * (rows[:2] @ model.weights)
    assert_allclose(model.shares(rows[0]).sum() - model.shares(rows[1]).sum(), two[0] - two[1])


def test_the_interval_covers_the_true_probability() -> None:
    """Random decisions of 200 of 800 items, 10 draws of weights from the prior; the mean coverage must be near 95 %."""
    covered = []
    for seed in range(10):
        rows, likely, bad = drawn(seed)
        decided, rest = np.split(np.random.default_rng(seed).permutation(len(rows)), [200])
        model = scoring.fit(rows, decided[bad[decided]], decided[~bad[decided]], seed=seed)
        risk = model.risk(rows[rest])
        covered.append(((risk.low <= likely[rest]) & (likely[rest] <= risk.high)).mean())
        assert ((risk.low <= risk.probability) & (risk.probability <= risk.high)).all()
    assert 0.88 <= np.mean(covered) <= 0.99


def test_calibration_corrects_probabilities_that_are_too_sure_and_keeps_the_order() -> None:
    """One in five decisions is wrong, at random: no probability is beyond 0.2 to 0.8."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(1000, 40))
    bad = (rows[:, 0] > 0) ^ (rng.random(1000) < 0.2)
    decided = np.arange(300)
    raw, model = (
        scoring.fit(rows, decided[bad[:300]], decided[~bad[:300]], seed=0, calibrate=each)
        for each in (False, True)
    )

    def error(found: scoring.Model) -> float:
        return float(np.mean((found.risk(rows[300:]).probability - bad[300:]) ** 2))

    assert error(model) < 0.25
    assert error(model) <= error(raw) + 0.005
    order = [np.argsort(each.risk(rows).probability, kind="stable") for each in (raw, model)]
    assert (order[0] == order[1]).all()


@pytest.mark.parametrize("negative", [NONE, np.array([5])])
def test_one_bad_item_is_enough_to_begin_with(negative: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    bad = np.arange(400) < 40
    latents = rng.normal(size=(400, 8)) + np.where(bad[:, None], 3.0, 0.0)
    model = scoring.fit(axes.fitted(latents).of(latents), np.array([7]), 100 + negative, seed=0)
    risk = model.risk(axes.fitted(latents).of(latents))
    assert not model.calibrated
    assert model.presumed == 100 - len(negative)
    first = np.argsort(-risk.probability)[:20]
    assert bad[first].mean() >= 0.9


def test_a_query_stands_for_a_bad_item() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 8)) + 4 * np.repeat(np.eye(2, 8), 100, axis=0)
    rows = axes.fitted(points).of(points)
    model = scoring.fit(rows, NONE, NONE, seed=0, examples=rows[:1])
    assert model.positive == 0
    assert np.argsort(-model.risk(rows).probability)[:30].max() < 100


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(InputError, match="nothing to learn from"):
        scoring.fit(np.ones((3, 2)), NONE, np.array([0]), seed=0)


@pytest.mark.parametrize(
    ("count", "positive", "negative"),
    [(1, [0], []), (3, [0, 1, 2], []), (30, list(range(30)), []), (2, [0], [1])],
)
def test_one_item_or_one_kind_gives_numbers(count: int, positive: list[int], negative: list[int]) -> None:
    model = scoring.fit(np.ones((count, 2)), positive, negative, seed=0)
    risk = model.risk(np.ones((count, 2)))
    assert np.isfinite([risk.probability, risk.low, risk.high, risk.uncertainty]).all()


def test_surprise_is_the_logarithm_of_a_rank() -> None:
    found = scoring.surprise([1.0, 5.0, np.nan, 3.0, 3.0])
    assert_allclose(found, [0, np.log(4), 0, np.log(4 / 3), np.log(4 / 3)])
    assert (scoring.surprise([np.nan]) == 0).all()
