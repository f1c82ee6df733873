"""Compute many metrics of one comparison, with shared resampling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qlatent.errors import InputError
from qlatent.metrics.comparison import Comparison
from qlatent.metrics.metric import Metric, measured
from qlatent.metrics.statistics.uncertainty import RESAMPLES
from qlatent.metrics.value import Contributions, MetricValue, resampled

DEFAULT = (
    "trustworthiness", "continuity", "neighbour_overlap", "spearman", "stress", "recall_at_10",
    "probe_accuracy", "effective_rank",
)  # fmt: skip


def measure(
    comparison: Comparison,
    metrics: Mapping[str, Metric],
    *,
    names: Sequence[str] | None = DEFAULT,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, MetricValue]:
    """The values of the metrics called `names`, in that order; None takes all of `metrics` (name → function).

    A metric that cannot be computed gives NaN with a note and does not affect the others. The intervals of all metrics
    with item contributions use the same `resamples` resamples, so that they are comparable. Raises `InputError` for a
    name that is not in `metrics`.
    """
    chosen = tuple(metrics) if names is None else tuple(names)
    unknown = [name for name in chosen if name not in metrics]
    if unknown:
        known = ", ".join(metrics)
        raise InputError(f"There is no metric called {unknown[0]!r}.", remedy=f"Known: {known}.")
    found = {name: measured(metrics[name], comparison) for name in chosen}
    contributions = {name: each for name, each in found.items() if isinstance(each, Contributions)}
    figures = {name: each for name, each in found.items() if isinstance(each, MetricValue)}
    figures |= resampled(contributions, resamples=resamples, seed=seed)
    return {name: figures[name] for name in chosen}
