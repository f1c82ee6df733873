"""What a metric says: a number, its 95 % interval, how many items it rests on, and why where it says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.statistics import uncertainty


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its 95 % interval; NaN with a note where it cannot be computed.

    `n` is the number of items behind it; `sampled` says which, in words.
    """

    value: float
    low: float
    high: float
    n: int
    sampled: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Contributions:
    """A figure as a mean over items: finish(mean of `values`); NaN marks an item without a contribution.

    `finish` must be rising, so that it maps the ends of an interval too. Where an item is in the neighbourhoods of
    others, `influence` makes what is resampled in place of `values`: (n,) with the same mean.
    """

    values: Matrix  # (n,)
    sampled: str
    finish: Callable[[float], float] = float
    note: str = ""
    influence: Callable[[], Matrix] | None = None

    def resampled(self) -> Matrix:
        """What the interval is made from: (n,)."""
        return self.values if self.influence is None else self.influence()


class Undefined(Exception):  # noqa: N818  (an outcome, not an error)
    """A metric has no value for these items; the text says why, as a note for the reader."""


def resampled(
    found: Mapping[str, Contributions], *, resamples: int = uncertainty.RESAMPLES, seed: int = 0
) -> dict[str, Figure]:
    """The figures of many contributions, all from the same resampled items; resamples=0 leaves intervals out."""
    values = {name: each.resampled() if resamples else each.values for name, each in found.items()}
    estimates = uncertainty.bootstrap_means(values, resamples=resamples, seed=seed)
    return {name: _figure(found[name], estimate) for name, estimate in estimates.items()}


def _figure(found: Contributions, estimate: uncertainty.Estimate) -> Figure:
    n = int(np.count_nonzero(~np.isnan(found.values)))
    note = found.note
    if n < 2:
        estimate = uncertainty.Estimate(estimate.value, np.nan, np.nan)
        note = note or ("one item has no interval" if n else "undefined for every item")
    value, low, high = (found.finish(end) for end in estimate)
    return Figure(value, low, high, n, found.sampled, note)


def nothing(note: str, sampled: str = "", n: int = 0) -> Figure:
    """The figure of a metric that has no value, and why."""
    return Figure(np.nan, np.nan, np.nan, n, sampled, note)
