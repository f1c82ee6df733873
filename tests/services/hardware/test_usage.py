"""What jobs have used is told late: it is asked for until it is final, and by whoever comes next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import UnavailableError
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import RunOptions, Status
from qlatent.services.hardware import budget, listing, runners, usage
from qlatent.store.workspace import Workspace
from tests.services.hardware.executing import DeviceDouble, carried_out, furnished, queued, request


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    workspace, head = furnished(tmp_path_factory.mktemp("usage") / "workspace")
    with workspace:
        yield workspace, head


@pytest.fixture
def device(request: pytest.FixtureRequest) -> DeviceDouble:
    """The device of an account of this test alone."""
    return DeviceDouble(seconds=12.0, account=request.node.name)


def used(workspace: Workspace, device: DeviceDouble) -> float:
    return budget.budget(workspace, device.account, now=2000.0).used


def test_a_worker_asks_until_the_usage_is_final(stored: tuple[Workspace, str], device: DeviceDouble) -> None:
    workspace, head = stored
    device.late = 15
    seen: list[str] = []
    device.trouble["usage"] = [lambda: seen.append(listing.job(workspace, job).state)]
    job = queued(workspace, request(head))
    state, clock = carried_out(workspace, job, device)
    assert (state, seen) == ("finished", ["done"])  # the results are there before
    assert sum(clock.waits) == 12 * 5 + 3 * 30
    found = listing.job(workspace, job).job
    assert (found.seconds, found.unsettled, used(workspace, device)) == (12.0, (), 12.0)


def test_usage_that_stays_away_is_told_to_whoever_comes_next(
    stored: tuple[Workspace, str], device: DeviceDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, head = stored
    device.late = 1000
    job = queued(workspace, request(head, modality="text"))
    state, clock = carried_out(workspace, job, device)
    assert (state, sum(clock.waits)) == ("finished", 12 * 5 + 18 * 30)  # ten minutes, then it ends
    view = listing.job(workspace, job)
    assert (view.state, view.job.seconds, len(view.job.unsettled)) == ("done", 0.0, 1)
    assert used(workspace, device) == 12.0  # as expected: a budget is not exceeded meanwhile

    device.late, device.seconds = 0, 9.0
    asked: list[str] = []

    def opened(spec: object, *, folder: Path | None, broker: str = "") -> AbstractRunner:
        asked.append(broker)
        return device

    monkeypatch.setattr(runners, "opened", opened)
    usage.look(workspace, job, view.spec, now=1500.0, broker="/held")
    assert asked == ["/held"] and listing.job(workspace, job).job.seconds == 9.0 == used(workspace, device)
    usage.look(workspace, job, view.spec, now=1500.0)
    assert len(asked) == 1  # it is known


def test_the_next_job_of_the_account_asks_before_its_budget_is_checked(
    stored: tuple[Workspace, str], device: DeviceDouble
) -> None:
    workspace, head = stored
    budget.set_budget(workspace, device.account, 20.0, now=0.0)
    device.late = 1000
    first = queued(workspace, request(head, items=5))
    carried_out(workspace, first, device)
    device.late, device.seconds = 0, 3.0
    second = queued(workspace, request(head, items=6))
    assert carried_out(workspace, second, device)[0] == "finished"  # 3 + 3 s, not 12 + 12
    assert listing.job(workspace, first).job.seconds == 3.0 and used(workspace, device) == 6.0


def test_what_a_failed_and_a_cancelled_job_have_used_counts(
    stored: tuple[Workspace, str], device: DeviceDouble
) -> None:
    workspace, head = stored
    device.trouble["poll"] = [Status("failed", reason="It ran into its limit.")]
    failed = queued(workspace, request(head, options=RunOptions(shots=101)))
    assert carried_out(workspace, failed, device)[0] == "failed"
    assert used(workspace, device) == 12.0
    device.part, device.seconds = 1, 4.0
    cancelled = queued(workspace, request(head, options=RunOptions(shots=102)))
    device.trouble["poll"] = [None, lambda: listing.cancel(workspace, cancelled)]
    assert carried_out(workspace, cancelled, device)[0] == "stopped"
    assert used(workspace, device) == 16.0
    device.trouble = {"poll": [Status("failed", reason="Off.")], "usage": [UnavailableError("No network.")]}
    device.seconds = 5.0
    unknown = queued(workspace, request(head, options=RunOptions(shots=103)))
    assert carried_out(workspace, unknown, device)[0] == "failed"
    assert used(workspace, device) == 16.0 + 5.0 and listing.job(workspace, unknown).job.unsettled
