"""The result of a metric: a value with its 95 % interval, the number of items, and a note if it is undefined."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.statistics import uncertainty


@dataclass(frozen=True, slots=True)
class MetricValue:
    """A value with its 95 % interval, or NaN with a note if it cannot be computed.

    `n` is the number of items used; `sampled` describes them in words.
    """

    value: float
    low: float
    high: float
    n: int
    sampled: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Contributions:
    """A metric as a mean over items: finish(mean of `values`); NaN marks an item without a contribution.

    `finish` must be increasing, so that it also maps the ends of an interval. If items affect each other's
    neighbourhoods, `influence` returns the values (n,) to resample instead, with the same mean.
    """

    values: Matrix  # (n,)
    sampled: str
    finish: Callable[[float], float] = float
    note: str = ""
    influence: Callable[[], Matrix] | None = None

    def resampled(self) -> Matrix:
        """The values (n,) that the interval resamples."""
        return self.values if self.influence is None else self.influence()


class Undefined(Exception):  # noqa: N818  (an outcome, not an error)
    """Raised if a metric has no value for these items; the message becomes the note."""


def resampled(
    found: Mapping[str, Contributions], *, resamples: int = uncertainty.RESAMPLES, seed: int = 0
) -> dict[str, MetricValue]:
    """The values of many contributions with intervals from the same resampled items; no intervals if resamples=0."""
    values = {name: each.resampled() if resamples else each.values for name, each in found.items()}
    estimates = uncertainty.bootstrap_means(values, resamples=resamples, seed=seed)
    return {name: _figure(found[name], estimate) for name, estimate in estimates.items()}


def _figure(found: Contributions, estimate: uncertainty.Estimate) -> MetricValue:
    n = int(np.count_nonzero(~np.isnan(found.values)))
    note = found.note
    if n < 2:
        estimate = uncertainty.Estimate(estimate.value, np.nan, np.nan)
        note = note or ("one item has no interval" if n else "undefined for every item")
    value, low, high = (found.finish(end) for end in estimate)
    return MetricValue(value, low, high, n, found.sampled, note)


def nothing(note: str, sampled: str = "", n: int = 0) -> MetricValue:
    """An undefined result with a note."""
    return MetricValue(np.nan, np.nan, np.nan, n, sampled, note)
