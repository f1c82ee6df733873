"""What a metric is: a function of a comparison that gives a figure, or says why there is none."""

from __future__ import annotations

import functools
from collections.abc import Callable

from qlatent.errors import InputError
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.figure import Contributions, Figure, Undefined, nothing, resampled


class ItemMetric:
    """A metric made of contributions of items: call it for a `Figure`; `contributions` lets a panel resample once."""

    def __init__(self, contributions: Callable[[Comparison], Contributions]) -> None:
        functools.update_wrapper(self, contributions)
        self.contributions = contributions

    def __call__(self, comparison: Comparison) -> Figure:
        return finished(self.contributions, comparison)

    def __repr__(self) -> str:
        return f"<metric {self.contributions.__name__}>"


def finished(contributions: Callable[[Comparison], Contributions], comparison: Comparison) -> Figure:
    """The figure of one metric alone, or a figure without a value where it is undefined."""
    try:
        return resampled({"one": contributions(comparison)}, seed=comparison.seed)["one"]
    except (Undefined, InputError) as err:
        return nothing(str(err), comparison.sampled)


def metric(function: Callable[[Comparison], Figure]) -> Callable[[Comparison], Figure]:
    """A metric that makes its figure itself; where it is `Undefined`, a figure without a value comes back."""

    @functools.wraps(function)
    def guarded(comparison: Comparison) -> Figure:
        try:
            return function(comparison)
        except (Undefined, InputError) as err:
            return nothing(str(err), comparison.sampled)

    return guarded
