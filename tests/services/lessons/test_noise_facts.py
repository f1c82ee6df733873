"""Facts about measured values against closed forms, on results that are written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from qlatent.services.hardware.results import JobResults
from qlatent.services.lessons.facts import circuits, noise
from qlatent.services.lessons.stage import Stage
from qlatent.teaching.figures import CircuitFigure

RNG = np.random.default_rng(0)
EXACT = RNG.uniform(-0.8, 0.8, (400, 3))
SHOTS = 100


@dataclass(frozen=True)
class Given:
    """A stage with these jobs."""

    jobs: dict[str, JobResults]

    def job(self, name: str) -> JobResults:
        return self.jobs[name]


def results(measured: np.ndarray, *, errors: float = 0.0) -> JobResults:
    ids = tuple(f"i{each}" for each in range(len(measured)))
    off = np.full(measured.shape, errors)
    exact = EXACT[: len(measured)]
    return JobResults(
        "r1", ids, ("",) * len(ids), measured, off, measured, exact, measured, off, exact, {"shots": SHOTS}
    )


def stage(**jobs: JobResults) -> Any:
    return Given(jobs)


def test_the_items_that_moved_most_are_those_that_were_moved() -> None:
    measured = EXACT.copy()
    measured[[7, 300, 12]] += [[0.0, 0.3, 0.4], [0.6, 0.0, 0.0], [0.2, 0.0, 0.0]]
    found = noise.moved_most(stage(job=results(measured)), job="job", k=2)
    assert found.right == ("i300", "i7") and len(found.all) == 400


def test_four_times_as_many_shots_halve_the_error() -> None:
    at = stage(job=results(EXACT))
    few, many = (noise.typical_error(at, job="job", shots=shots) for shots in (100, 400))
    assert few.value == pytest.approx(np.mean(np.sqrt(1 - EXACT**2)) / 10)
    assert many.value == pytest.approx(few.value / 2)
    assert few.spread == pytest.approx(1.96 * few.value / np.sqrt(2 * 1200))


def test_shots_for_a_distance_grow_with_the_square_of_the_factor() -> None:
    away = results(EXACT + np.array([0.0, 0.3, 0.4]))  # each moved by 0.5
    assert noise.shots_to_reach(stage(job=away), job="job", distance=0.1).value == pytest.approx(SHOTS * 25)
    assert noise.shots_to_reach(stage(job=away), job="job", distance=0.1).spread == pytest.approx(
        0.0, abs=1e-6
    )
    uneven = results(EXACT + np.tile([[0.4, 0, 0], [0.6, 0, 0]], (200, 1)))
    found = noise.shots_to_reach(stage(job=uneven), job="job", distance=0.5)
    assert found.value == pytest.approx(SHOTS)
    assert found.spread == pytest.approx(2 * SHOTS * 1.96 * 0.1 * np.sqrt(400 / 399) / 20 / 0.5)


def test_what_is_left_of_a_difference_is_the_slope_that_values_were_made_with() -> None:
    shrunk = results(EXACT * [0.9, 0.7, 0.8] + 0.05)
    found = noise.difference_left(stage(job=shrunk), job="job", of=0.5)
    assert (found.value, found.spread) == pytest.approx((0.4, 0.0), abs=1e-9)
    scattered = results(EXACT * 0.8 + RNG.normal(size=EXACT.shape) * 0.1)
    found = noise.difference_left(stage(job=scattered), job="job", of=1.0)
    # least squares: the variance of a slope is σ² / Σ(x − mean)², here of three independent slopes
    expected = 1.96 * 0.1 / np.sqrt(3 * (EXACT - EXACT.mean(axis=0))[:, 0].var() * 400)
    assert found.spread == pytest.approx(expected, rel=0.1)
    assert abs(found.value - 0.8) < 2 * expected


@pytest.mark.parametrize(("slope", "option"), [(0.8, "below"), (0.97, "below"), (1.0, "one"), (1.2, "above")])
def test_a_slope_is_one_within_its_interval(slope: float, option: str) -> None:
    measured = results(EXACT * slope + RNG.normal(size=EXACT.shape) * 0.05)
    assert noise.slope_beside_one(stage(job=measured), job="job").option == option


def test_an_even_shrinking_keeps_neighbours_and_scatter_does_not() -> None:
    shrunk, scattered = results(0.5 * EXACT + 0.1), results(EXACT + RNG.normal(size=EXACT.shape))
    at = stage(shrunk=shrunk, scattered=scattered, again=shrunk)
    assert noise.keeps_fewer_neighbours(at, first="shrunk", second="scattered").option == "scattered"
    assert noise.keeps_fewer_neighbours(at, first="scattered", second="shrunk").option == "scattered"
    assert noise.keeps_fewer_neighbours(at, first="shrunk", second="again").option == "alike"


def test_dividing_by_the_slope_divides_the_standard_error() -> None:
    found = noise.error_after_division(stage(job=results(0.8 * EXACT, errors=0.04)), job="job")
    assert found.value == pytest.approx(0.05)


def test_the_standard_error_of_a_turned_qubit_is_that_of_its_sine() -> None:
    figure = CircuitFigure(kind="bloch", layout="dressed", move=("input 0",))
    at = Stage(None, figure)  # type: ignore[arg-type]  # a layout needs no workspace
    goal = circuits.goal_shot_error(at.moved(**{"input 0": 0.5}), target=0.05, shots=100)
    assert goal.value == pytest.approx(np.cos(0.5) / 10)  # ⟨Z⟩ = −sin(angle)
    assert abs(np.cos(goal.solution["input 0"])) == pytest.approx(0.5, abs=0.02)
