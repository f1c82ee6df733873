"""Metrics within each modality, and their mean: what is preserved, without the gap between the modalities.

A metric over images and texts together mostly says whether images stay apart from texts, since these pairs of points
are the farthest. Here each modality is compared with itself, on the same drawn items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.metric import Metric, measured
from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.value import Contributions, MetricValue, nothing

Found = MetricValue | Contributions


def metrics(
    modalities: Sequence[str], table: Mapping[str, Metric], *, names: Iterable[str]
) -> dict[str, Metric]:
    """The metrics `<name>_<modality>` and their mean `<name>_within` for each of `names` in `table`.

    Empty for one modality, where the metric itself is the one within. The mean is over the modalities, item by item, so
    that its interval keeps the items of a pair together; a metric that is a root, such as the stress, gives the root
    mean square, and the uniformity, a logarithm, that of the mean. A metric that computes its own interval gives the
    mean of its ends, which is at least as wide as the interval of the mean.
    """
    if len(modalities) < 2:
        return {}
    found: dict[str, Metric] = {}
    for name in names:
        for modality in modalities:
            found[f"{name}_{modality}"] = _part(name, table[name], modality)
        found[f"{name}_within"] = _mean(name, table[name])
    return found


def _part(name: str, function: Metric, modality: str) -> Metric:
    def part(comparison: Comparison) -> Found:
        return _alone(comparison, name, function, modality=modality)

    return part


def _mean(name: str, function: Metric) -> Metric:
    def mean(comparison: Comparison) -> Found:
        parts = {
            modality: _alone(comparison, name, function, modality=modality)
            for modality in comparison.modalities
        }
        return _joined(parts)

    return mean


def _alone(comparison: Comparison, name: str, function: Metric, *, modality: str) -> Found:
    """The metric of one modality, computed once for itself and for the mean."""
    return comparison.kept(f"{name} {modality}", lambda: measured(function, comparison.alone(modality)))


def _joined(parts: Mapping[str, Found]) -> Found:
    """The mean of the metric of several modalities; undefined if it is for any of them."""
    undefined = {
        modality: part.note
        for modality, part in parts.items()
        if isinstance(part, MetricValue) and np.isnan(part.value)
    }
    sampled = next(iter(parts.values())).sampled
    if undefined:
        return nothing("; ".join(f"{modality}: {note}" for modality, note in undefined.items()), sampled)
    items = [part for part in parts.values() if isinstance(part, Contributions)]
    if items:
        return _mean_of_items(items)
    figures = [part for part in parts.values() if isinstance(part, MetricValue)]
    value, low, high = np.mean([(each.value, each.low, each.high) for each in figures], axis=0)
    return MetricValue(float(value), float(low), float(high), min(each.n for each in figures), sampled)


def _mean_of_items(parts: Sequence[Contributions]) -> Contributions:
    def influence() -> Matrix:
        return np.mean([each.resampled() for each in parts], axis=0)

    values = np.mean([each.values for each in parts], axis=0)  # (items,)
    return Contributions(values, parts[0].sampled, finish=parts[0].finish, influence=influence)
