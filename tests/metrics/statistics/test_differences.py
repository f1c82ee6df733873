"""Paired differences, sign-flip tests and Holm's correction against scipy and hand counts."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from qlatent.metrics.statistics import differences
from qlatent.metrics.statistics.differences import Difference


def test_the_interval_is_that_of_a_paired_t_test() -> None:
    rng = np.random.default_rng(0)
    first, second = dict(enumerate(rng.normal(1, 1, 7))), dict(enumerate(rng.normal(0, 1, 7)))
    found = differences.paired(first, second)
    reference = stats.ttest_rel(list(first.values()), list(second.values())).confidence_interval()
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high))
    assert found.seeds == 7


def test_the_interval_of_a_mean_leaves_undefined_values_out_and_may_have_no_width() -> None:
    reference = stats.ttest_1samp([0.2, 0.5, 0.1], 0.0).confidence_interval()
    assert differences.mean_interval([0.2, math.nan, 0.5, 0.1]) == pytest.approx(
        (0.8 / 3, reference.low, reference.high)
    )
    assert differences.mean_interval([0.5, 0.5, 0.5]) == (0.5, 0.5, 0.5)
    assert differences.mean_interval([0.5]) == pytest.approx((0.5, math.nan, math.nan), nan_ok=True)
    assert all(math.isnan(each) for each in differences.mean_interval([]))


def test_the_bootstrap_draws_seeds_with_repetition() -> None:
    values = np.array([0.3, 0.1, -0.05, 0.2])
    means = [np.mean(drawn) for drawn in product(values, repeat=4)]  # all possible resamples
    wanted = np.quantile(means, [0.025, 0.975])
    found = differences.paired(dict(enumerate(values)), dict.fromkeys(range(4), 0.0))
    assert (found.boot_low, found.boot_high) == pytest.approx(tuple(wanted), abs=0.01)


def test_only_seeds_that_both_have_count_and_undefined_values_are_left_out() -> None:
    found = differences.paired({0: 1.0, 1: 2.0, 2: math.nan, 3: 9.0}, {0: 0.5, 1: 1.0, 2: 0.0})
    assert found.seeds == 2
    assert found.mean == pytest.approx(0.75)


def test_one_seed_has_no_interval_and_none_no_mean() -> None:
    one, none = differences.paired({0: 1.0}, {0: 0.4}), differences.paired({0: 1.0}, {1: 0.4})
    assert one.mean == pytest.approx(0.6) and math.isnan(one.low) and math.isnan(one.p) and not one.holds
    assert none.seeds == 0 and math.isnan(none.mean)
    assert differences.in_words(one).endswith("on one seed, which says little")
    assert differences.in_words(none) == "not measured on the same seeds"


def test_the_p_of_sign_changes_is_counted_exactly() -> None:
    values = np.array([0.3, 0.1, -0.05, 0.2])
    means = [abs(np.dot(signs, values)) for signs in product((1, -1), repeat=4)]
    wanted = np.mean([mean >= abs(values.sum()) - 1e-15 for mean in means])
    assert differences.sign_change(values) == pytest.approx(wanted)
    assert differences.sign_change(np.full(5, 0.1)) == pytest.approx(2 / 2**5)


def test_many_seeds_are_drawn_from_and_agree_with_scipy() -> None:
    values = np.random.default_rng(1).normal(0.25, 1, 20)
    reference = stats.permutation_test(
        (values, np.zeros(20)), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=20_000,
        rng=np.random.default_rng(2),
    )  # fmt: skip
    assert differences.sign_change(values) == pytest.approx(reference.pvalue, abs=0.02)


def test_holm_is_the_textbook_example() -> None:
    assert differences.holm([0.01, 0.04, 0.03, math.nan, 0.005]) == pytest.approx(
        [0.03, 0.06, 0.06, math.nan, 0.02], nan_ok=True
    )
    assert differences.holm([]) == []


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.05, "higher by 0.030 (0.010 to 0.050)"),
        (-0.05, -0.01, "lower by 0.030 (0.010 to 0.050)"),
        (-0.01, 0.02, "no difference larger than 0.020 was found"),
    ],
)
def test_differences_are_described_in_words(low: float, high: float, words: str) -> None:
    assert differences.in_words(Difference((low + high) / 2, low, high, low, high, 0.1, 5)) == words
