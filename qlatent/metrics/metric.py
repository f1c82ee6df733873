"""The interface of a metric: a function of a comparison that returns a value, or a note if it is undefined."""

from __future__ import annotations

import functools
from collections.abc import Callable

from qlatent.errors import InputError
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.value import Contributions, MetricValue, Undefined, nothing, resampled

Metric = Callable[[Comparison], MetricValue | Contributions]


class ItemMetric:
    """A metric that is a mean of item contributions; calling it returns a `Figure`.

    A panel uses `contributions` to share its resampling between metrics.
    """

    def __init__(self, contributions: Callable[[Comparison], Contributions]) -> None:
        functools.update_wrapper(self, contributions)
        self.contributions = contributions

    def __call__(self, comparison: Comparison) -> MetricValue:
        return finished(self.contributions, comparison)

    def __repr__(self) -> str:
        return f"<metric {self.contributions.__name__}>"


def finished(contributions: Callable[[Comparison], Contributions], comparison: Comparison) -> MetricValue:
    """The result of a single metric; an undefined one is NaN with a note."""
    try:
        return resampled({"one": contributions(comparison)}, seed=comparison.seed)["one"]
    except (Undefined, InputError) as err:
        return nothing(str(err), comparison.sampled)


def measured(function: Metric, comparison: Comparison) -> MetricValue | Contributions:
    """What a metric gives, before any resampling; an undefined one is NaN with a note."""
    try:
        if isinstance(function, ItemMetric):
            return function.contributions(comparison)
        return function(comparison)
    except (Undefined, InputError) as err:
        return nothing(str(err), comparison.sampled)


def metric(function: Callable[[Comparison], MetricValue]) -> Callable[[Comparison], MetricValue]:
    """Decorator for a metric that computes its own interval; converts `Undefined` to NaN with a note."""

    @functools.wraps(function)
    def guarded(comparison: Comparison) -> MetricValue:
        try:
            return function(comparison)
        except (Undefined, InputError) as err:
            return nothing(str(err), comparison.sampled)

    return guarded
