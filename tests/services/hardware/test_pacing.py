"""Five jobs a minute and account, from all processes that share a catalogue."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from qlatent.hardware.work import RunOptions
from qlatent.services.hardware import listing, pacing
from qlatent.services.hardware.job_state import Journal
from qlatent.services.runs import launchers
from qlatent.services.workspaces import open_workspace
from qlatent.store.catalogue.records import JobEvent
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.hardware.executing import (
    ClockDouble,
    DeviceDouble,
    carried_out,
    furnished,
    queued,
    request,
)

SPACE = pacing.SPACE


def attempt(time: float, parts: int = 1, account: str = "mine") -> JobEvent:
    return JobEvent(f"r{time}", 1, time, "attempt", {"account": account, "estimate": {"parts": parts}})


@pytest.mark.parametrize(
    ("attempts", "parts", "expected"),
    [
        ([], 1, 0.0),
        ([attempt(100.0)] * 4, 1, 0.0),
        ([attempt(100.0)] * 5, 1, SPACE),
        ([attempt(70.0)] * 3 + [attempt(90.0)] * 2, 1, SPACE - 30.0),  # the first leaves the minute
        ([attempt(70.0)] * 3 + [attempt(90.0)] * 2, 4, SPACE - 10.0),  # all but one of them
        ([attempt(100.0, account="another's")] * 9, 1, 0.0),
        ([attempt(100.0 - SPACE)] * 5, 5, 0.0),
        ([attempt(100.0, parts=7)], 3, SPACE),  # five now, two a minute later: room for three beside them
        ([attempt(100.0, parts=7)], 4, 2 * SPACE),
        ([attempt(100.0)], 7, SPACE),  # its first five leave together
        ([attempt(100.0)] * 9, 1, SPACE),  # of an earlier version, which counted in each process alone
    ],
)
def test_how_long_a_job_waits(attempts: list[JobEvent], parts: int, expected: float) -> None:
    assert pacing.wait(attempts, "mine", parts, now=100.0) == pytest.approx(expected)


def test_two_runners_over_one_catalogue_submit_five_jobs_a_minute(tmp_path: Path) -> None:
    workspace, head = furnished(tmp_path / "workspace")
    clock, runners = ClockDouble(), [DeviceDouble(account="mine") for _ in range(2)]
    jobs = [queued(workspace, request(head, options=RunOptions(shots=shots))) for shots in range(10, 17)]
    for number, job in enumerate(jobs):
        assert carried_out(workspace, job, runners[number % 2], clock=clock)[0] == "finished"
    times = [each.time for each in workspace.catalogue.job_events.of_kinds(["attempt"])]
    assert len(times) == 7
    sixth, first = sorted(times)[5], sorted(times)[0]
    assert sixth - first >= 60.0 and clock.time - 1000.0 < 2 * SPACE

    waiting = queued(workspace, request(head, modality="text"))
    for _ in range(5):
        workspace.catalogue.job_events.append(
            JobEvent("r-other", 0, clock.now(), "attempt", {"account": "mine", "tag": "t"})
        )
    with launchers.using(LauncherDouble()):
        asked = iter([False, False])
        carried_out(workspace, waiting, runners[0], clock=clock, stop=lambda: next(asked, True))
    assert "attempt" not in [each.kind for each in listing.events(workspace, waiting)]  # nothing was sent
    assert carried_out(workspace, waiting, runners[0], clock=clock)[0] == "finished"


def test_processes_that_write_at_once_take_turns(tmp_path: Path) -> None:
    """Ten attempts from ten connections at the same moment: five are written."""
    open_workspace(tmp_path / "workspace").close()
    barrier, found = threading.Barrier(10), []

    def begins(number: int) -> None:
        with Workspace.open(tmp_path / "workspace", create=False) as workspace:
            journal = Journal(workspace.catalogue.job_events, f"r{number}", now=lambda: 100.0)
            barrier.wait()
            found.append(
                journal.write_in_turn(
                    "attempt", lambda there, now: pacing.wait(there, "mine", 1, now=now), back=60.0,
                    tag="t", account="mine",
                )
            )  # fmt: skip

    threads = [threading.Thread(target=begins, args=(number,)) for number in range(10)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == [0.0] * 5 + [SPACE] * 5
