"""Jobs against the stand-in while it is busy, splits, folds gates, or cannot be reached: with the unmodified client."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import UnavailableError
from qlatent.hardware.ibm import access
from qlatent.hardware.ibm.access import Access
from qlatent.hardware.ibm.connection import Connection
from qlatent.hardware.ibm.runner import IbmRunner, Limits
from qlatent.hardware.work import RunOptions
from qlatent.services.hardware import choosing, listing, planning, requests, results, runners
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from tests.ibm_service.running import StandIn
from tests.services.hardware.executing import ClockDouble, carried_out, furnished, queued, request

pytestmark = pytest.mark.slow
DEVICE = "test_line"


class StandInClock(ClockDouble):
    """Time that passes only when somebody waits; the jobs of the stand-in go on meanwhile."""

    def __init__(self, service: StandIn) -> None:
        super().__init__()
        self._service = service

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        self._service.settle()


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    running = StandIn()
    yield running
    running.close()


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    workspace, head = furnished(tmp_path_factory.mktemp("switches") / "workspace")
    with workspace:
        yield workspace, head


@pytest.fixture
def service(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    for name in access.ADDRESSES:
        monkeypatch.setenv(name, stand_in.url)
    monkeypatch.setenv("QLATENT_IBM_URL", stand_in.url)
    monkeypatch.setenv(access.KEY_NAME, stand_in.key)
    monkeypatch.setenv(access.INSTANCE_NAME, "open-instance")
    settings.cache_clear()
    stand_in.switch("reset")
    yield stand_in
    settings.cache_clear()


@pytest.fixture
def clock(service: StandIn) -> StandInClock:
    return StandInClock(service)


def opened(service: StandIn, clock: StandInClock, most: int = 10_000_000) -> IbmRunner:
    """A runner whose jobs may hold so many executions, which waits by the clock."""
    connection = Connection(Access(service.key, service.crn), url=service.url, clock=clock)
    return IbmRunner(DEVICE, connection, clock=clock, limits=Limits(most))


def slope(workspace: Workspace, job: str) -> float:
    """What is left of the exact ⟨Z⟩, over all items and qubits."""
    found = results.read(workspace, job)
    return float(np.polyfit(found.exact.ravel(), found.expectations.ravel(), 1)[0])


def test_a_busy_service_is_asked_as_late_as_it_wants(
    service: StandIn, stored: tuple[Workspace, str], clock: StandInClock
) -> None:
    workspace, head = stored
    runner = opened(service, clock)
    job = queued(workspace, request(head, device=DEVICE))
    faults = [
        {"path": "/api/v1/jobs/job\\d+", "method": "GET", "status": 429, "headers": {"Retry-After": after}}
        for after in ("4", "90")
    ]
    service.switch("faults", faults=faults)
    assert carried_out(workspace, job, runner, clock=clock)[0] == "finished"
    assert 4.0 in clock.waits and 94.0 <= sum(clock.waits) <= 140.0
    (told,) = [each for each in listing.events(workspace, job) if each.kind == "unreachable"]
    assert told.payload["remedy"] == "Try again in 90 seconds."


def test_more_executions_than_a_job_may_hold_go_as_several_in_a_batch(
    service: StandIn,
    stored: tuple[Workspace, str],
    clock: StandInClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """40 items × 50 shots, at most 500 executions a job: the stand-in fails larger ones."""
    workspace, head = stored
    service.switch("instances", instances=[{"plan": "Pay-as-you-go", "pricing": "paid"}])
    service.switch("jobs", most_executions=500)
    runner = opened(service, clock, most=500)
    monkeypatch.setattr(runners, "opened", lambda *_, **__: runner)
    asked = request(head, device=DEVICE, items=40, options=RunOptions(shots=50))
    told = planning.estimated(workspace, requests.check(workspace, asked))
    assert (told["parts"], told["executions"], told["account"]["free"]) == (4, 2_000, False)
    assert told["seconds"] == pytest.approx(4 * 2 + 0.00035 * 2_000)
    job = queued(workspace, asked)
    assert carried_out(workspace, job, runner, clock=clock)[0] == "finished"
    assert [each["status"] for each in service.jobs] == ["Completed"] * 4
    assert {each["session"] for each in service.jobs} == {"session1"}
    attempts = [each for each in listing.events(workspace, job) if each.kind == "attempt"]
    assert attempts[0].payload["estimate"]["parts"] == 4
    found = listing.job(workspace, job).job
    assert (found.done, found.seconds) == (40, pytest.approx(told["seconds"]))
    assert len(json.loads(found.handle)["parts"]) == 4 and len(results.read(workspace, job)) == 40

    whole = queued(workspace, request(head, device=DEVICE, items=40, modality="text"))
    state, _ = carried_out(workspace, whole, opened(service, clock), clock=clock)
    assert state == "failed" and "4000 executions, more than 500" in listing.job(workspace, whole).reason


def test_zero_noise_extrapolation_comes_nearer_to_the_truth(
    service: StandIn, stored: tuple[Workspace, str], clock: StandInClock
) -> None:
    """Each two-qubit gate depolarises its qubits, so that folded gates have more noise, and readout has none."""
    workspace, head = stored
    service.switch("noise", depolarising=0, one_for_zero=0, zero_for_one=0, pair_depolarising=0.15)
    jobs, told = {}, {}
    for mitigation in ("none", "zne"):
        asked = request(head, device=DEVICE, items=4, options=RunOptions(shots=800, mitigation=mitigation))  # type: ignore[arg-type]
        told[mitigation] = planning.estimated(workspace, requests.check(workspace, asked))
        jobs[mitigation] = queued(workspace, asked)
        assert carried_out(workspace, jobs[mitigation], opened(service, clock), clock=clock)[0] == "finished"
    plain, extrapolated = slope(workspace, jobs["none"]), slope(workspace, jobs["zne"])
    assert plain < 0.85 and abs(1 - extrapolated) < (1 - plain) / 2, (plain, extrapolated, told)
    factor = choosing.time_factor("zne", 4)
    assert told["zne"]["executions"] == pytest.approx(factor * told["none"]["executions"], rel=0.05)
    assert factor == pytest.approx(3 + 1 / 4)


def test_without_a_network_the_next_step_is_told_and_nothing_is_lost(
    service: StandIn,
    stored: tuple[Workspace, str],
    clock: StandInClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace, head = stored
    asked = request(head, device=DEVICE, items=5)
    job = queued(workspace, asked)
    closed = Connection(Access(service.key, service.crn), url="http://127.0.0.1:9", clock=clock)
    runner = IbmRunner(DEVICE, closed, clock=clock)
    with pytest.raises(UnavailableError, match="cannot be reached from this machine"):
        runner.calibration()
    assert carried_out(workspace, job, runner, clock=clock)[0] == "failed"
    found = listing.job(workspace, job)
    assert "cannot be reached" in found.reason and "Check the network" in found.remedy
    assert service.jobs == []
    for name in access.ADDRESSES:
        monkeypatch.setenv(name, service.url)  # where `closed` pointed this process elsewhere
    assert carried_out(workspace, job, opened(service, clock), clock=clock)[0] == "finished"  # resumed
    assert len(service.jobs) == 1
