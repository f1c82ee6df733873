"""Jobs through the unmodified client against the stand-in: what is sent, kept, found again and read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import numpy as np
import pytest

from qlatent.circuits import simulate
from qlatent.circuits.circuit import Circuit, Operation
from qlatent.errors import AbsentError, InputError, RunError, UnavailableError
from qlatent.hardware.ibm.access import Access
from qlatent.hardware.ibm.connection import Connection
from qlatent.hardware.ibm.runner import IbmRunner
from qlatent.hardware.work import RunOptions, Work
from tests.hardware.ibm.conftest import RING, ClockDouble, work_of
from tests.ibm_service.running import StandIn
from tests.ibm_service.settings import Instance

DEPOLARISING, ONE_FOR_ZERO, ZERO_FOR_ONE = 0.1, 0.02, 0.05  # of the stand-in
READ = 1 - ONE_FOR_ZERO - ZERO_FOR_ONE


def exact(work: Work) -> np.ndarray:
    return np.asarray(simulate.expectations(work.circuit, work.angles, work.weights, engine="torch"))


def fitted(measured: np.ndarray, work: Work) -> tuple[float, float]:
    """Slope and offset of what was measured against the exact values."""
    slope, offset = np.polyfit(exact(work).ravel(), measured.ravel(), 1)
    return float(slope), float(offset)


def test_a_job_finds_the_noise_of_the_device(service: StandIn, runner: IbmRunner) -> None:
    """A depolarised qubit keeps 0.9 of its value, and the readout keeps 0.93 of that and adds 0.03."""
    work = work_of(40, shots=4_000)
    handle = runner.submit(work, tag="noise")
    service.settle()
    assert runner.poll(handle).state == "done"
    outcome = runner.fetch(handle)
    assert fitted(outcome.expectations, work) == pytest.approx((0.9 * READ, 0.03), abs=0.01)
    assert outcome.expectations == pytest.approx(1 - 2 * outcome.counts / 4_000)
    assert outcome.errors == pytest.approx(np.sqrt((1 - outcome.raw**2) / 4_000))
    assert outcome.seconds == pytest.approx(2 + 0.00035 * 40 * 4_000)
    assert outcome.missing == () and set(outcome.versions) == {"qiskit", "qiskit-ibm-runtime"}


def test_inverting_the_readout_leaves_the_noise_of_the_gates(service: StandIn, runner: IbmRunner) -> None:
    work = work_of(40, shots=4_000, mitigation="readout")
    handle = runner.submit(work, tag="readout")
    service.settle()
    outcome = runner.fetch(handle)
    assert fitted(outcome.expectations, work) == pytest.approx((0.9, 0.0), abs=0.015)
    assert fitted(outcome.raw, work) == pytest.approx((0.9 * READ, 0.03), abs=0.01)
    assert outcome.calibration["slope"] == pytest.approx([READ] * 3, abs=0.02)
    assert outcome.calibration["offset"] == pytest.approx([0.03] * 3, abs=0.02)


def test_one_circuit_goes_out_with_a_table_of_angles(service: StandIn, runner: IbmRunner) -> None:
    runner.submit(work_of(64, max_seconds=77), tag="sent")
    (job,) = service.jobs
    assert job["most_seconds"] == 77 and job["program"] == "executor"
    assert job["tags"] == ["sent", "sent-part-1-of-1-items-0-64"]
    (item,) = job["params"]["quantum_program"]["items"]
    assert item["circuit_arguments"]["shape"] == [64, RING.inputs]
    assert not any(request["key"] or request["authorization"] == "apikey" for request in service.requests)
    assert {r["instance"] for r in service.requests if r["path"].startswith("/api")} == {service.crn}


@pytest.mark.parametrize(
    ("mitigation", "kinds"),
    [
        ("none", ["circuit"]),
        ("readout", ["circuit"] * 3),  # and the preparations of all 0 and all 1
        ("trex", ["samplex"] * 2),  # twirled readout, and its calibration
        ("zne", ["samplex"] * 4),  # three factors of noise, and the calibration
    ],
)
def test_each_mitigation_changes_the_job(
    service: StandIn, runner: IbmRunner, mitigation: str, kinds: list[str]
) -> None:
    service.switch("jobs", hold="Queued")
    work = work_of(2, mitigation=mitigation)
    expected = runner.estimate(work)
    runner.submit(work, tag="mitigated")
    (job,) = service.jobs
    program = job["params"]["quantum_program"]
    assert [item["item_type"] for item in program["items"]] == kinds
    assert expected.circuits == len(kinds)
    assert np.isfinite(expected.slope) == (mitigation != "zne")  # the twin tells it, without an extrapolation
    sent = max(r["bytes"] for r in service.requests if r["path"] == "/api/v1/jobs")
    assert expected.payload_bytes == pytest.approx(sent, rel=0.1, abs=400)


def test_folded_gates_are_more_gates(runner: IbmRunner) -> None:
    program, _ = runner._prepared(work_of(2, mitigation="zne")).program(0, 2)
    pairs = [item.circuit.num_nonlocal_gates() for item in program.items]
    assert pairs[:3] == [pairs[0], 3 * pairs[0], 5 * pairs[0]]


@pytest.mark.parametrize("times", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_gateway_that_gives_up_after_creation_leaves_one_job(
    service: StandIn, runner: IbmRunner, times: int
) -> None:
    service.switch("jobs", hold="Queued")
    service.fault("/api/v1/jobs", method="POST", status=504, after=True, times=times)
    handle = json.loads(runner.submit(work_of(), tag="gateway"))
    jobs = {job["id"]: job["status"] for job in service.jobs}
    assert len(jobs) == times + 1
    kept = handle["parts"][0]["job"]
    assert jobs.pop(kept) == "Queued" and set(jobs.values()) == {"Cancelled"}
    assert sorted(handle["cancelled"]) == sorted(jobs) and handle["kept_running"] == []


def test_a_lost_reply_is_found_by_its_tag(service: StandIn, runner: IbmRunner) -> None:
    service.fault("/api/v1/jobs", method="POST", drop=True, after=True)
    handle = runner.submit(work_of(), tag="lost")
    (job,) = service.jobs
    assert json.loads(handle)["parts"][0]["job"] == job["id"]


def test_a_second_attempt_with_a_tag_pays_nothing(service: StandIn, runner: IbmRunner) -> None:
    assert runner.submit(work_of(), tag="once") == runner.submit(work_of(), tag="once")
    assert len(service.jobs) == 1
    assert runner.find("once") == runner.submit(work_of(), tag="once") and runner.find("never") is None


def test_another_runner_goes_on_with_a_job(service: StandIn, runner: IbmRunner) -> None:
    handle = runner.submit(work_of(), tag="other")
    service.settle()
    another = IbmRunner("test_ring", Connection(Access(service.key, "open-instance"), url=service.url))
    assert another.poll(handle).state == "done"
    found = another.find("other")
    assert found is not None
    outcome = another.fetch(found)
    assert (outcome.counts == runner.fetch(handle).counts).all()


def test_a_job_is_followed_and_cancelled(service: StandIn, runner: IbmRunner) -> None:
    service.switch("jobs", hold="Queued")
    handle = runner.submit(work_of(), tag="held")
    status = runner.poll(handle)
    assert (status.state, status.queue, status.done, status.total) == ("queued", 3, 0, 4)
    service.switch("jobs", hold="Running")
    service.settle()
    assert runner.poll(handle).state == "running"
    runner.cancel(handle)
    assert runner.poll(handle).state == "cancelled" and service.jobs[0]["status"] == "Cancelled"
    runner.cancel(handle)  # it has ended: nothing happens
    with pytest.raises(RunError, match="No part of this job has results"):
        runner.fetch(handle)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [("failed", r"control electronics .* \(code 1517\)"), ("too long", "at its limit of QPU seconds")],
)
def test_a_job_that_fails_tells_why(service: StandIn, runner: IbmRunner, ending: str, reason: str) -> None:
    service.switch("jobs", endings=[ending])
    handle = runner.submit(work_of(), tag="failing")
    service.settle()
    status = runner.poll(handle)
    assert status.state == "failed"
    with pytest.raises(RunError, match=reason):
        runner.fetch(handle)


def test_half_a_result_keeps_the_job(service: StandIn, runner: IbmRunner) -> None:
    service.switch("jobs", cut_results=1)
    handle = runner.submit(work_of(), tag="half")
    service.settle()
    assert runner.poll(handle).state == "done"
    with pytest.raises(RunError, match=r"result of job job\d+ is not whole.* nothing is paid again"):
        runner.fetch(handle)
    assert runner.fetch(handle).missing == ()


def test_parts_that_are_done_outlive_one_that_failed(
    service: StandIn, in_parts: Callable[[int], IbmRunner]
) -> None:
    runner, work = in_parts(250), work_of(6)  # 100 shots: two items a job
    assert runner.estimate(work).parts == 3
    service.switch("jobs", endings=["done", "failed", "done"])
    handle = runner.submit(work, tag="parts")
    service.settle()
    status = runner.poll(handle)
    assert (status.state, status.done, status.total) == ("done", 4, 6) and "1517" in status.reason
    outcome = runner.fetch(handle)
    assert outcome.missing == (2, 3)
    assert np.isnan(outcome.expectations).all(axis=1).tolist() == [False, False, True, True, False, False]
    assert len(service.jobs) == 3 and not any(
        job["session"] for job in service.jobs
    )  # the Open plan has none


def test_several_parts_of_a_paid_plan_go_as_a_batch(
    service: StandIn, in_parts: Callable[[int], IbmRunner]
) -> None:
    service.switch("instances", instances=[{"plan": "Pay-as-you-go", "pricing": "paid"}])
    in_parts(250)  # the connection reads its instance on first use
    handle = in_parts(250).submit(work_of(4), tag="batch")
    assert {job["session"] for job in service.jobs} == {"session1"} == {json.loads(handle)["batch"]}
    assert [r["method"] for r in service.requests if "/sessions" in r["path"]] == ["POST", "PATCH"]


def test_more_shots_than_a_job_may_hold_are_refused(in_parts: Callable[[int], IbmRunner]) -> None:
    with pytest.raises(InputError, match="One item takes 100 executions, more than the 99 of a job"):
        in_parts(99).estimate(work_of())


def test_at_most_five_jobs_are_submitted_a_minute(
    service: StandIn, in_parts: Callable[[int], IbmRunner], clock: ClockDouble
) -> None:
    service.switch("jobs", hold="Queued")
    in_parts(100).submit(work_of(7), tag="pace")
    assert len(service.jobs) == 7 and sum(clock.waits) == pytest.approx(60)


def test_a_service_that_asks_for_fewer_submits_is_asked_later(
    service: StandIn, runner: IbmRunner, clock: ClockDouble
) -> None:
    service.fault("/api/v1/jobs", method="POST", status=429, times=2)
    runner.submit(work_of(), tag="busy")
    assert len(service.jobs) == 1 and clock.waits == [12.0, 12.0]


def test_results_of_a_device_that_was_retired_meanwhile_are_fetched(
    service: StandIn, runner: IbmRunner
) -> None:
    handle = runner.submit(work_of(), tag="retired")
    service.settle()
    service.switch("device", name="test_ring", retired=True)
    service.fault("/api/v1/jobs/.*/metrics", status=404, times=9)
    outcome = runner.fetch(handle)
    assert np.isfinite(outcome.expectations).all() and np.isnan(outcome.seconds)
    assert set(outcome.calibration) == {"device", "submitted"}


def test_results_do_not_wait_for_the_final_usage(
    service: StandIn, runner: IbmRunner, clock: ClockDouble
) -> None:
    service.switch("jobs", pending_usage=3)  # a fetch asks twice
    handle = runner.submit(work_of(), tag="usage")
    service.settle()
    assert np.isnan(runner.fetch(handle).seconds) and np.isnan(runner.usage(handle))
    assert runner.usage(handle) == pytest.approx(2 + 0.00035 * 400)
    assert clock.waits == []


def test_the_usage_of_several_parts_is_that_of_all(
    service: StandIn, in_parts: Callable[[int], IbmRunner]
) -> None:
    runner = in_parts(250)  # two items a job
    service.switch("jobs", endings=["done", "failed"])
    handle = runner.submit(work_of(), tag="usage of parts")
    service.settle()
    assert runner.usage(handle) == pytest.approx(2 * (2 + 0.00035 * 200)) == runner.fetch(handle).seconds


def test_a_new_calibration_is_transpiled_for(service: StandIn, runner: IbmRunner) -> None:
    work = work_of()
    runner.estimate(work)
    before = runner.calibration()
    service.switch("device", name="test_ring", calibrations=2)
    assert runner.calibration() != before
    handle = runner.submit(work, tag="calibrated")
    service.settle()
    told = runner.fetch(handle).calibration
    assert told["submitted"] == runner.calibration() == told["run"]


def test_bases_are_measured_apart_and_items_may_have_a_circuit_each(
    service: StandIn, connection: Connection
) -> None:
    """|+⟩ and |+i⟩ read in X, Y and Z; ⟨X₀Z₁⟩ of |+0⟩ is 1."""
    service.switch("noise", depolarising=0, one_for_zero=0, zero_for_one=0)
    words = ((("X", 0),), (("Y", 0),), (("Z", 0),), (("X", 0), ("Z", 1)))
    plus = Circuit(2, (Operation("H", (0,)),), words)
    turned = dataclasses.replace(plus, operations=(*plus.operations, Operation("S", (0,))))
    work = Work(plus, np.zeros(0), np.zeros((2, 0)), RunOptions(shots=2_000), circuits=(plus, turned))
    runner = IbmRunner("test_line", connection)
    handle = runner.submit(work, tag="bases")
    service.settle()
    expected = np.array([[1, 0, 0, 1], [0, 1, 0, 0]])
    assert runner.fetch(handle).expectations == pytest.approx(expected, abs=0.08)


def test_handles_of_others_are_not_read(service: StandIn, runner: IbmRunner) -> None:
    handle = runner.submit(work_of(), tag="mine")
    with pytest.raises(AbsentError, match="This is no handle"):
        runner.poll("job-17")
    with pytest.raises(AbsentError, match="belongs to another instance"):
        runner.poll(handle.replace(json.loads(handle)["account"], "0" * 16))
    service.switch("reset")
    with pytest.raises(AbsentError, match="IBM does not know what was asked for"):
        runner.poll(handle)


def test_a_paid_and_used_up_plan_takes_no_job(service: StandIn, runner: IbmRunner) -> None:
    service.switch("instances", instances=[{"consumed": 600.0}])
    with pytest.raises(RunError, match="used up: 600 of 600 seconds"):
        runner.submit(work_of(), tag="used up")
    assert service.jobs == []


def test_exact_values_need_shots(runner: IbmRunner) -> None:
    with pytest.raises(InputError, match="cannot compute without shots"):
        runner.estimate(work_of(shots=0))


def test_nothing_is_submitted_while_the_search_fails(service: StandIn, runner: IbmRunner) -> None:
    runner.estimate(work_of())
    service.fault("/api/v1/jobs", method="GET", status=429, times=9)
    with pytest.raises(UnavailableError, match="fewer requests"):
        runner.submit(work_of(), tag="blind")
    assert service.jobs == []


def test_instance_double_has_the_account_of_the_key(service: StandIn) -> None:
    assert service.crn == Instance().crn
