"""Runners that compute here: parts, other processes, cancelling, and outcomes against closed forms."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qlatent.circuits.circuit import Circuit, Operation, PauliWord, input_
from qlatent.circuits.layouts import each_z
from qlatent.errors import AbsentError, InputError
from qlatent.hardware.local import ideal
from qlatent.hardware.opening import open_runner
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import Outcome, RunOptions, Work
from tests.circuits.exported import ASYMMETRIC, drawn, exact

X = np.linspace(-3, 3, 7)[:, None]
WORDS: tuple[PauliWord, ...] = ((("Z", 0),), (("X", 0),), (("Z", 1),), (("X", 0), ("Z", 1)))


def turned(shots: int = 1000, items: int = 7, **options: object) -> Work:
    """RY(x) on wire 0 of two: ⟨Z₀⟩ = cos x, ⟨X₀⟩ = sin x, ⟨Z₁⟩ = 1."""
    circuit = Circuit(2, (Operation("RY", (0,), (input_(0),)),), WORDS)
    return Work(circuit, np.zeros(0), X[:items], RunOptions(shots=shots, **options))  # type: ignore[arg-type]


WANTED = np.stack([np.cos(X[:, 0]), np.sin(X[:, 0]), np.ones(7), np.sin(X[:, 0])], axis=1)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ideal, "_LARGEST_PART", 3)


def carried_out(runner: AbstractRunner, work: Work, *, tag: str = "a") -> Outcome:
    handle = runner.submit(work, tag=tag)
    while runner.poll(handle).state == "running":
        pass
    return runner.fetch(handle)


def test_exact_gives_the_closed_form_without_shots_and_errors() -> None:
    found = carried_out(open_runner("exact"), turned())
    np.testing.assert_allclose(found.expectations, WANTED, atol=1e-12)
    assert not found.errors.any() and found.shots == 0 and found.counts.shape == (7, 0)
    assert found.seconds > 0 and set(found.versions) == {"numpy", "torch"} and not found.missing


def test_wires_and_weights_are_where_they_belong() -> None:
    x, w = drawn(ASYMMETRIC)
    found = carried_out(open_runner("exact"), Work(ASYMMETRIC, np.asarray(w), np.asarray(x)))
    np.testing.assert_allclose(found.expectations, exact(ASYMMETRIC, x, w), atol=1e-9)


def test_shots_spread_around_it_as_their_errors_say_and_counts_add_up() -> None:
    many = replace(turned(400), angles=np.tile(X, (150, 1)))
    found = carried_out(open_runner("shots"), many)
    values = found.expectations.reshape(150, 7, 4)
    spread = np.sqrt((1 - WANTED**2) / 400)
    np.testing.assert_allclose(values.mean(axis=0), WANTED, atol=4.5 * spread.max() / 150**0.5)
    np.testing.assert_allclose(values.std(axis=0), spread, atol=0.01)
    np.testing.assert_allclose(found.errors, np.sqrt((1 - found.expectations**2) / 400))
    np.testing.assert_allclose(1 - 2 * found.counts / 400, found.expectations)
    assert found.shots == 400


@pytest.mark.usefixtures("small_parts")
def test_a_poll_advances_by_one_part_and_another_process_goes_on(tmp_path: Path) -> None:
    runner = open_runner("shots", seed=5, folder=tmp_path)
    handle = runner.submit(turned(), tag="job")
    seen = runner.poll(handle)
    assert (seen.state, seen.done, seen.total) == ("running", 3, 7)
    partial = runner.fetch(handle)
    assert partial.missing == (3, 4, 5, 6) and np.isnan(partial.expectations[3:]).all()
    other = open_runner(
        "shots", seed=5, folder=tmp_path
    )  # knows of the job by its handle and the folder alone
    assert [other.poll(handle).done, other.poll(handle).state] == [6, "done"]
    assert runner.poll(handle).state == "done"
    np.testing.assert_array_equal(other.fetch(handle).expectations[:3], partial.expectations[:3])


def test_results_do_not_depend_on_the_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = carried_out(open_runner("shots"), turned())
    monkeypatch.setattr(ideal, "_LARGEST_PART", 2)
    np.testing.assert_array_equal(carried_out(open_runner("shots"), turned()).counts, whole.counts)
    changed = carried_out(open_runner("shots", seed=1), turned())
    assert (changed.counts != whole.counts).any()
    assert (carried_out(open_runner("shots"), turned(seed=1)).counts != whole.counts).any()


@pytest.mark.usefixtures("small_parts")
def test_a_cancelled_job_keeps_its_parts_and_computes_no_more(tmp_path: Path) -> None:
    runner = open_runner("exact", folder=tmp_path)
    handle = runner.submit(turned(), tag="job")
    runner.poll(handle)
    runner.cancel(handle)
    seen = runner.poll(handle)
    assert (seen.state, seen.done) == ("cancelled", 3)
    assert len(runner.fetch(handle).missing) == 4


def test_cancelling_what_is_done_changes_nothing() -> None:
    runner = open_runner("exact")
    handle = runner.submit(turned(), tag="job")
    runner.poll(handle)
    runner.cancel(handle)
    assert runner.poll(handle).state == "done"


def test_a_part_that_is_not_whole_is_computed_again(tmp_path: Path) -> None:
    runner = open_runner("exact", folder=tmp_path)
    handle = runner.submit(turned(), tag="job")
    (folder,) = tmp_path.iterdir()
    (folder / ".part-000000.npz.new").write_bytes(b"PK")  # as a process leaves it that ends while writing
    assert runner.poll(handle).state == "done"
    assert np.isfinite(runner.fetch(handle).expectations).all()


def test_every_item_may_have_a_circuit_of_its_own() -> None:
    circuits = tuple(Circuit(1, (Operation("X", (0,)),) * times, each_z(1)) for times in (0, 1, 2))
    work = Work(circuits[0], np.zeros(0), np.zeros((3, 0)), RunOptions(shots=10), circuits)
    for device in ("exact", "shots"):
        np.testing.assert_allclose(carried_out(open_runner(device), work).expectations, [[1], [-1], [1]])


def test_an_estimate_counts_circuits_executions_and_the_error_of_shots() -> None:
    work = turned(shots=400)  # X and Z of wire 0 are two measurements
    found = open_runner("shots").estimate(work)
    assert (found.circuits, found.executions, found.parts) == (2, 2 * 7 * 400, 1)
    assert found.standard_error == pytest.approx(0.05) and found.slope == 1 and found.seconds > 0
    still = open_runner("exact").estimate(work)
    assert (still.circuits, still.executions, still.standard_error) == (1, 7, 0)
    assert open_runner("exact").estimate(turned(items=0)).seconds == 0


@pytest.mark.parametrize(
    ("device", "options", "said"),
    [
        ("exact", {"mitigation": "readout"}, "'readout' changes nothing on 'exact'"),
        ("shots", {"mitigation": "zne"}, "'zne' changes nothing on 'shots'"),
        ("shots", {"shots": 0}, "The device 'shots' measures shots, and 0 were asked for"),
    ],
)
def test_options_without_an_effect_are_refused(device: str, options: dict[str, object], said: str) -> None:
    work = turned()
    work = replace(work, options=replace(work.options, **options))  # type: ignore[arg-type]
    runner = open_runner(device)
    asked: list[Callable[[], object]] = [
        lambda: runner.estimate(work),
        lambda: runner.submit(work, tag="a"),
    ]
    for ask in asked:
        with pytest.raises(InputError, match=said):
            ask()


def test_unknown_devices_and_jobs_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no device 'abacus:one'"):
        open_runner("abacus:one")
    runner = open_runner("exact", folder=tmp_path)
    for handle in (json.dumps({"job": "beef"}), "tea", "3"):
        with pytest.raises(AbsentError):
            runner.poll(handle)
    with pytest.raises(AbsentError, match=r"no job .* of the device 'shots'"):
        open_runner("shots", folder=tmp_path).fetch(runner.submit(turned(), tag="a"))
