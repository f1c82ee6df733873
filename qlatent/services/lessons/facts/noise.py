"""Facts about measured values: how far shots scatter them, what noise takes away, and which neighbours are left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.services.hardware import results
from qlatent.services.hardware.results import JobResults
from qlatent.services.lessons.stage import Stage
from qlatent.teaching.answers import Chosen, Items, Quantity

Floats = NDArray[np.floating]
Z95 = 1.96
ALIKE = 0.05
"""Shares of neighbours that differ by less are alike."""


def moved_most(stage: Stage, *, job: str, k: int = 3) -> Items:
    """The k items that a job moved farthest from their exact places."""
    found = stage.job(job)
    away = _moved(found)
    return Items(tuple(found.ids[each] for each in np.argsort(-away)[:k]), found.ids)


def typical_error(stage: Stage, *, job: str, shots: int) -> Quantity:
    """The mean standard error of a job's values if it had so many shots: that of √((1 − ⟨Z⟩²) / shots).

    The spread is how far the scatter of that many values is off by chance, at 95 %.
    """
    exact = stage.job(job).exact
    value = float(np.sqrt((1 - exact**2) / shots).mean())
    return Quantity(value, Z95 * value / float(np.sqrt(2 * exact.size)))


def shots_to_reach(stage: Stage, *, job: str, distance: float) -> Quantity:
    """The shots with which points move by so much on average: a job's shots times the square of how much too far it is.

    The spread is from the 95 % interval of the mean over items.
    """
    found = stage.job(job)
    away = _moved(found)
    mean, half = float(away.mean()), Z95 * float(away.std(ddof=1) / np.sqrt(len(away)))
    shots = found.facts["shots"] * (mean / distance) ** 2
    return Quantity(shots, 2 * shots * half / mean)


def difference_left(stage: Stage, *, job: str, of: float) -> Quantity:
    """What a job leaves of a difference of so much, on average over the qubits: its slope times that, with 95 %."""
    slope, half = _slope(stage.job(job))
    return Quantity(of * slope, of * half)


def slope_beside_one(stage: Stage, *, job: str) -> Chosen:
    """Whether the mean slope of a job is "one" within its 95 % interval, or clearly "below" or "above"."""
    slope, half = _slope(stage.job(job))
    if abs(slope - 1) <= half:
        return Chosen("one")
    return Chosen("below" if slope < 1 else "above")


def keeps_fewer_neighbours(stage: Stage, *, first: str, second: str) -> Chosen:
    """Which of two jobs keeps fewer of the exact neighbours: its name, or "alike"."""
    one, two = (_kept(stage.job(name)) for name in (first, second))
    if abs(one - two) < ALIKE:
        return Chosen("alike")
    return Chosen(first if one < two else second)


def error_after_division(stage: Stage, *, job: str) -> Quantity:
    """The mean standard error of a job's values once they are divided by its mean slope, with the spread of that."""
    found = stage.job(job)
    slope, half = _slope(found)
    value = float(found.errors.mean()) / slope
    return Quantity(value, value * half / slope)


def _moved(found: JobResults) -> Floats:
    return lengths.lengths(found.latents - found.exact_latents)


def _kept(found: JobResults) -> float:
    return results.neighbour_overlap(found.exact_latents, found.latents)


def _slope(found: JobResults) -> tuple[float, float]:
    """The mean slope over the qubits, and half of its 95 % interval by least squares."""
    fits = [np.polyfit(*pair, 1, cov=True) for pair in zip(found.exact.T, found.expectations.T, strict=True)]
    errors = [float(np.sqrt(covariance[0, 0])) for _, covariance in fits]
    slope = float(np.mean([line[0] for line, _ in fits]))
    return slope, Z95 * float(np.linalg.norm(errors)) / len(errors)
