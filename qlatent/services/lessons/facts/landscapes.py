"""Facts about how steep a circuit's landscape is: the variance of gradients by qubits and layers."""

from __future__ import annotations

import numpy as np

from qlatent.services.lessons.gradients import gradients
from qlatent.services.lessons.stage import Stage
from qlatent.teaching.answers import Chosen, Quantity

CLEAR = 1.5
"""A factor that two draws of 200 sets of angles do not differ by."""


def steepness(stage: Stage, *, layout: str, layers: int = 10, by: str = "qubits") -> Chosen:
    """What the variance of gradients does as "qubits" or "layers" are added: "falls", "rises", or "stays".

    It stays where it changes by less than `CLEAR`, or by no more than its 95 % intervals.
    """
    found = gradients(layout, layers=layers, by=by)
    first, last = found.values[0], found.values[-1]
    if last * CLEAR < first and found.high[-1] < found.low[0]:
        return Chosen("falls")
    return Chosen("rises" if last > CLEAR * first and found.low[-1] > found.high[0] else "stays")


def fall_per_qubit(stage: Stage, *, layout: str, layers: int = 10) -> Quantity:
    """By which factor the variance of gradients falls with each qubit: the slope of its logarithm by least squares.

    The spread is twice the standard error of the slope.
    """
    found = gradients(layout, layers=layers)
    sizes = np.array(found.sizes, dtype=float)
    (slope, _), covariance = np.polyfit(sizes, np.log(found.values), 1, cov=True)
    factor = float(np.exp(-slope))
    return Quantity(factor, 2 * factor * float(np.sqrt(covariance[0, 0])))
