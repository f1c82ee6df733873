"""The gap between two modalities as a metric, with its interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.geometry.gap import gap
from qlatent.metrics.metric import metric
from qlatent.metrics.statistics.uncertainty import grouped_jackknife
from qlatent.metrics.value import MetricValue, Undefined


@metric
def modality_gap(comparison: Comparison) -> MetricValue:
    """Distance between the mean latents of two modalities, in units of their mean spread, over all items: 0 is none.

    See `metrics.geometry.gap`; the interval leaves out groups of items.
    """
    first, second = (comparison.latents[name] for name in comparison.pair())

    def of(rows: NDArray[np.int64]) -> float:
        return gap(first[rows], second[rows])

    estimate = grouped_jackknife(of, len(first), seed=comparison.seed)
    if np.isnan(estimate.value):
        raise Undefined("all latents coincide")
    low = max(estimate.low, 0.0)  # a distance is never negative; NaN for a single item stays
    told = f"all {len(first):,} items"
    return MetricValue(estimate.value, low if low == low else np.nan, estimate.high, len(first), told)
