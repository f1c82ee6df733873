"""Compare two heads over the same seeds: paired differences with intervals and tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

EXACT_UP_TO = 14  # maximum number of seeds for an exact test: 16,384 sign changes
DRAWS = 10_000
RESAMPLES = 10_000
BLOCK = 4_000_000
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean of first − second over seeds.

    `low` and `high` bound Student's 95 % interval; `boot_low` and `boot_high` that of the percentile bootstrap over
    seeds, which is too narrow for few seeds. `p` comes from an exact sign-flip test. Intervals and p are NaN for a
    single seed.
    """

    mean: float
    low: float
    high: float
    boot_low: float
    boot_high: float
    p: float
    seeds: int

    @property
    def holds(self) -> bool:
        """Whether the interval excludes 0."""
        return bool(self.low > 0 or self.high < 0)


def paired(first: Mapping[int, float], second: Mapping[int, float], *, seed: int = 0) -> Difference:
    """The difference over the seeds that both have, without undefined values."""
    shared = sorted(first.keys() & second.keys())
    values = np.array([first[each] - second[each] for each in shared], dtype=np.float64)
    values = values[np.isfinite(values)]
    count = len(values)
    if count == 0:
        return Difference(NAN, NAN, NAN, NAN, NAN, NAN, 0)
    mean, low, high = mean_interval(values)
    if count == 1:
        return Difference(mean, NAN, NAN, NAN, NAN, NAN, 1)
    boot_low, boot_high = _bootstrap_interval(values, seed=seed)
    return Difference(mean, low, high, boot_low, boot_high, sign_change(values, seed=seed), count)


def _bootstrap_interval(values: NDArray[np.float64], *, seed: int) -> tuple[float, float]:
    interval = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, method="percentile", batch=max(1, BLOCK // len(values)),
        rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    return float(interval.low), float(interval.high)


def sign_change(values: NDArray[np.float64], *, seed: int = 0) -> float:
    """Two-sided p of a sign-flip test of paired differences (n,): the fraction of sign choices at least as extreme.

    Uses all 2ⁿ choices up to n = 14, else 10,000 random ones including the observed one. The minimum is 2/2ⁿ, 0.0625
    for five seeds.
    """
    count = len(values)
    if count <= EXACT_UP_TO:
        means = np.array(list(product((1.0, -1.0), repeat=count))) @ values / count
    else:
        rng = np.random.default_rng(seed)
        drawn = [rng.choice([1.0, -1.0], size=(size, count)) @ values for size in _blocks(DRAWS, count)]
        means = np.concatenate(drawn) / count
        means[0] = values.mean()
    return float((np.abs(means) >= abs(values.mean()) * (1 - 1e-12)).mean())


def _blocks(total: int, count: int) -> list[int]:
    """Block sizes for `total` draws of `count` numbers, with at most four million numbers per block."""
    size = max(1, BLOCK // count)
    return [min(size, total - first) for first in range(0, total, size)]


def holm(ps: Sequence[float]) -> list[float]:
    """Holm-corrected p values (1979) in the given order; NaN stays NaN and is not counted."""
    given = np.asarray(ps, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(given))
    result = np.full(len(given), np.nan)
    order = known[np.argsort(given[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    result[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * factors))
    return [float(each) for each in result]


def mean_interval(values: ArrayLike) -> tuple[float, float, float]:
    """Mean of `values` (n,) with its 95 % interval (Student's t), whose ends are NaN for a single value.

    NaN and infinite values are omitted; without any value the mean is NaN too.
    """
    given = np.asarray(values, dtype=np.float64)
    known = given[np.isfinite(given)]
    if len(known) < 2:
        return (float(known.mean()) if len(known) else NAN), NAN, NAN
    # in closed form: the general functions of scipy.stats take a hundred times as long, and tables have many cells
    error = float(known.std(ddof=1)) / math.sqrt(len(known))
    mean, reach = float(known.mean()), error * float(special.stdtrit(len(known) - 1, 0.975))
    return mean, mean - reach, mean + reach


def in_words(difference: Difference, *, digits: int = 3) -> str:
    """A difference in words: larger, smaller, or the largest difference that is still compatible."""
    if difference.seeds == 0:
        return "not measured on the same seeds"
    if difference.seeds == 1:
        return f"{difference.mean:+.{digits}f} on one seed, which says little"
    if difference.holds:
        word = "higher" if difference.mean > 0 else "lower"
        ends = sorted((abs(difference.low), abs(difference.high)))
        return f"{word} by {abs(difference.mean):.{digits}f} ({ends[0]:.{digits}f} to {ends[1]:.{digits}f})"
    largest = max(abs(difference.low), abs(difference.high))
    return f"no difference larger than {largest:.{digits}f} was found"
