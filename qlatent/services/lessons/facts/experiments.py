"""Facts about an experiment: means with intervals, differences between heads, single seeds."""

from __future__ import annotations

import math

from qlatent.metrics.statistics import differences
from qlatent.services.experiments import comparison
from qlatent.services.lessons.stage import Stage
from qlatent.teaching.answers import Chosen, Quantity


def mean(stage: Stage, *, head: str, metric: str) -> Quantity:
    """The mean of a metric of a head over the seeds shown; the spread is half of its 95 % interval."""
    for found in comparison.summaries(stage.table()):
        if (found.head, found.metric) == (head, metric):
            half = max(found.high - found.mean, found.mean - found.low)
            return Quantity(found.mean, half if math.isfinite(half) else 0.0)
    raise KeyError((head, metric))


def difference(stage: Stage, *, head: str, against: str, metric: str) -> Chosen:
    """Whether a head is "higher" or "lower" than another over the seeds shown, or "unclear".

    It is clear if the 95 % interval of the paired difference leaves out 0; of one seed nothing is clear.
    """
    found = differences.paired(_by_seed(stage, head, metric), _by_seed(stage, against, metric))
    if not found.holds:
        return Chosen("unclear")
    return Chosen("higher" if found.mean > 0 else "lower")


def ahead(stage: Stage, *, head: str, against: str, metric: str, seed: int = 0) -> Chosen:
    """Which of two heads has the higher value at one seed: its name."""
    one, two = (_by_seed(stage, each, metric)[seed] for each in (head, against))
    return Chosen(head if one > two else against)


def range_of_seeds(stage: Stage, *, head: str, metric: str) -> Quantity:
    """The best seed shown minus the worst; read to a hundredth."""
    values = _by_seed(stage, head, metric).values()
    return Quantity(max(values) - min(values), 0.01)


def wins(stage: Stage, *, head: str, against: str, metric: str) -> Quantity:
    """In how many of the seeds shown a head has the higher value; exact."""
    one, two = (_by_seed(stage, each, metric) for each in (head, against))
    return Quantity(float(sum(one[seed] > two[seed] for seed in one)))


def width_of_interval(stage: Stage, *, head: str, against: str, metric: str) -> Quantity:
    """The largest difference between two heads that their seeds do not rule out; read to a hundredth."""
    found = differences.paired(_by_seed(stage, head, metric), _by_seed(stage, against, metric))
    return Quantity(max(abs(found.low), abs(found.high)), 0.01)


def chance_level(stage: Stage, *, head: str) -> Quantity:
    """The accuracy without looking, in per cent: that of always answering the commonest label; exact."""
    return Quantity(100 * mean(stage, head=head, metric="majority_accuracy").value, 0.5)


def _by_seed(stage: Stage, head: str, metric: str) -> dict[int, float]:
    return {
        row["seed"]: row["value"]
        for row in stage.table()
        if (row["head"], row["metric"]) == (head, metric) and row["value"] is not None
    }
