"""Bad items left: the closed form of a random sample, coverage beside a sorted order, and the hint to stop."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import betabinom, hypergeom

from qlatent.triage import estimation
from qlatent.triage.estimation import Draw, estimate


def draws_of(kinds: list[bool], items: int) -> list[Draw]:
    """A simple random sample from its beginning."""
    return [Draw(items - place, sum(kinds[:place]), bad) for place, bad in enumerate(kinds)]


@pytest.mark.parametrize(("items", "drawn", "bad"), [(200, 50, 4), (40, 10, 0), (10, 9, 9)])
def test_a_random_sample_gives_the_beta_binomial_posterior(items: int, drawn: int, bad: int) -> None:
    kinds = [True] * bad + [False] * (drawn - bad)
    found = estimate(draws_of(kinds, items), undecided=items - drawn, found=bad)
    expected = betabinom(items - drawn, bad + 1, drawn - bad + 1)
    assert_allclose(found.posterior, expected.pmf(found.numbers), atol=1e-12)
    assert found.left == pytest.approx(expected.mean())
    low, high = found.interval
    assert found.posterior[low : high + 1].sum() >= 0.95
    most = int(bad / 19 + 1e-9)  # of these are left at a recall of 95 %
    assert found.sure() == pytest.approx(expected.cdf(most))


def test_further_draws_are_as_many_as_the_posterior_needs() -> None:
    """What is promised is what the estimate says after these draws, and one fewer is not enough."""
    found = estimate(draws_of([True] * 40 + [False] * 60, 400), undecided=300, found=40)
    more = found.further_draws()
    kinds = [True] * 40 + [False] * 60

    def after(further: int) -> float:
        whole = draws_of(kinds + [False] * further, 400)
        return estimate(whole, undecided=300 - further, found=40).sure()

    assert after(more) >= 0.95 > after(more - 1)
    assert estimate([], undecided=20, found=0).further_draws() == 20
    assert estimate([], undecided=0, found=3).further_draws() == 0
    assert estimate([], undecided=0, found=3).sure() == 1


@pytest.mark.parametrize("bad", [0, 15, 60])
def test_the_interval_covers_where_others_are_decided_by_risk(bad: int) -> None:
    """Every tenth of 600 items is drawn, the others come by a score that knows something; asked after half of them."""
    covered = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        kinds = rng.permutation(600) < bad
        waiting = list(np.argsort(-(rng.normal(size=600) + 2 * kinds)))
        draws: list[Draw] = []
        found = 0
        for place in range(300):
            drawn = place % 10 == 9
            row = waiting.pop(int(rng.integers(len(waiting))) if drawn else 0)
            if drawn:
                draws.append(Draw(600 - place, found, bool(kinds[row])))
            found += int(kinds[row])
        low, high = estimate(draws, undecided=300, found=found).interval
        covered.append(low <= bad - found <= high)
    assert np.mean(covered) >= 0.9


def reviewed(seed: int, bad: int, items: int = 200) -> tuple[estimation.Estimate, int]:
    """Half a queue reviewed by risk, each fifth at random, and how many bad items are left in the pool.

    `bad` items would be decided as bad; a fifth of the others would be skipped, and look as risky. The random ones are
    those with the smallest of the numbers that every item got once, as in a queue.
    """
    rng = np.random.default_rng(seed)
    kinds = rng.permutation(items) < bad
    skips = ~kinds & (rng.random(items) < 0.2)
    risk, number = rng.normal(size=items) + 1.5 * (kinds | skips), rng.random(items)
    left, drawn = np.full(items, np.inf), np.zeros(items, dtype=bool)
    for moment in range(items // 2):
        pool = np.flatnonzero(np.isinf(left))
        random = moment % 5 == 4
        row = pool[number[pool].argmin() if random else risk[pool].argmax()]
        left[row], drawn[row] = moment, random
    pool = np.isinf(left)
    return estimation.pool(left, kinds & ~pool, drawn), int(kinds[pool].sum())


def test_the_interval_holds_its_level_with_skips() -> None:
    """Over queues in which every number of bad items is equally likely, the estimate is right on average, and 95 %
    intervals hold the truth that often (a little more, since numbers are whole)."""
    held, error = [], []
    for seed in range(300):
        found, truth = reviewed(seed, int(np.random.default_rng([seed, 1]).integers(0, 201)))
        held.append(found.interval[0] <= truth <= found.interval[1])
        error.append(found.left - truth)
        assert found.undecided == 100 and found.draws == 20
    assert 0.92 <= np.mean(held) <= 0.99
    assert abs(np.mean(error)) <= 3 * np.std(error) / np.sqrt(len(error))


@pytest.mark.parametrize("bad", [10, 40])
def test_the_interval_holds_its_level_where_few_are_bad(bad: int) -> None:
    found = [reviewed(seed, bad) for seed in range(150)]
    held = [each.interval[0] <= truth <= each.interval[1] for each, truth in found]
    assert np.mean(held) >= 0.93


def test_skipped_cases_may_all_be_bad() -> None:
    from dataclasses import replace

    found = estimate(draws_of([True] * 40 + [False] * 160, 240), undecided=40, found=40)
    assert replace(found, unknown=2).sure() == pytest.approx(found.posterior[0])  # two may be missed of 42
    assert replace(found, unknown=3).sure() == 0 and replace(found, unknown=3).further_draws() == 40


def test_a_long_queue_is_estimated_on_a_grid() -> None:
    long = draws_of([place % 20 == 0 for place in range(400)], 100_000)
    found = estimate(long, undecided=99_600, found=20)
    expected = betabinom(99_600, 21, 381)
    assert len(found.numbers) == estimation.POINTS + 1
    assert found.left == pytest.approx(expected.mean(), rel=0.01)
    assert found.interval[1] == pytest.approx(expected.ppf(0.97), rel=0.05)


def test_missed_risk_is_the_smallest_hypergeometric_p() -> None:
    kinds = np.random.default_rng(0).random(80) < np.linspace(0.9, 0.0, 80)
    found = int(kinds.sum())
    missed = int(found / 19) + 1
    expected = min(
        hypergeom.cdf(kinds[-late:].sum(), 120 + late, missed + kinds[-late:].sum(), late)
        for late in {round(float(each)) for each in np.geomspace(1, 80, estimation.WINDOWS)}
    )
    assert estimation.missed_risk(kinds, items=200) == pytest.approx(expected)


def test_the_hint_to_stop_is_cautious() -> None:
    """At random order recall < 95 % at the hint must be rare; a perfect order gets it long before the end."""
    reached = []
    for seed in range(20):
        kinds = np.random.default_rng(seed).permutation(300) < 60
        stop = next(place for place in range(150, 301, 5) if estimation.enough(kinds[:place], items=300))
        reached.append(kinds[:stop].sum() / 60)
    assert np.mean(np.array(reached) >= 0.95) >= 0.9
    sorted_ = np.arange(300) < 60
    assert estimation.enough(sorted_[:225], items=300)
    assert not estimation.enough([False] * 299, items=300)
    assert estimation.enough([True] * 3, items=3)
