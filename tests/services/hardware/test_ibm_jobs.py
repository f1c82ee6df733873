"""Jobs on the stand-in of IBM's service, with the unmodified client, from the request to the results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent import worker
from qlatent.cli import main
from qlatent.hardware.ibm import access
from qlatent.hardware.work import RunOptions
from qlatent.services.hardware import budget, devices, listing, planning, results
from qlatent.services.runs import launchers
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.runs.job import Job
from qlatent.services.work import work_of
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from tests.ibm_service.running import StandIn
from tests.launchers import LauncherDouble
from tests.services.hardware.executing import furnished, queued, request

pytestmark = pytest.mark.slow
DEVICE = "test_line"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    running = StandIn()
    yield running
    running.close()


@pytest.fixture
def service(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """The stand-in, and the environment of an installation that uses it."""
    for name in access.ADDRESSES:
        monkeypatch.setenv(name, stand_in.url)
    told = {
        "QLATENT_IBM_URL": stand_in.url,
        access.KEY_NAME: stand_in.key,
        access.INSTANCE_NAME: "open-instance",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    for name in ("RUNNING", "QUEUED"):
        monkeypatch.setenv(f"QLATENT_HARDWARE_POLL_{name}", "0.05")
    settings.cache_clear()
    stand_in.switch("reset")
    yield stand_in
    settings.cache_clear()


def asked(head: str, **changes: Any) -> Any:
    """All 40 items on the line of the stand-in."""
    return request(head, device=DEVICE, items=0, options=RunOptions(shots=2000), **changes)


def begun(workspace: Workspace, job: str) -> None:
    """One attempt that is stopped once the job was submitted."""
    folder = workspace.run(job)

    def submitted() -> bool:
        return any(each.kind == "submitted" for each in listing.events(workspace, job))

    with Heartbeat(folder) as heartbeat:
        attempt = Job(folder, heartbeat, submitted)
        heartbeat.end(work_of(attempt)(workspace, attempt))
    workspace.catalogue.set_queue_state(job, "stopped")


def worked(workspace: Workspace, job: str) -> None:
    """A worker process, from its start to its end."""
    command = [sys.executable, "-m", "qlatent.worker", str(workspace.path), job]
    subprocess.run(command, env=os.environ, cwd=Path(__file__).parents[3], timeout=240, check=True)


def test_a_job_outlives_its_worker_and_finds_the_noise_of_the_device(
    service: StandIn, tmp_path: Path
) -> None:
    workspace, head = furnished(tmp_path / "workspace")
    listed = {each.name: each for each in devices.of_account()}
    assert listed[DEVICE].qubits == 8 and listed[DEVICE].online
    estimate = planning.estimate(workspace, asked(head))
    assert (estimate["items"], estimate["known"], estimate["parts"], estimate["remote"]) == (40, 0, 1, True)
    assert 20 < estimate["seconds"] < 60  # 2 + 0.00035 · 80,000
    plan = estimate["account"]
    assert (plan["instance"], plan["plan"], plan["pricing"], plan["free"]) == (
        "open-instance",
        "open",
        "free",
        True,
    )
    assert (plan["limit"], plan["remaining"]) == (600, 600) and plan["fingerprint"] == estimate["budget"][
        "account"
    ]
    budget.set_budget(workspace, estimate["budget"]["account"], 100.0, now=0.0)

    service.switch("jobs", hold="Queued")
    job = queued(workspace, asked(head))
    begun(workspace, job)
    found = listing.job(workspace, job)
    assert (found.state, found.waits_for) == ("queued", "resume")
    service.switch("jobs", hold="")
    with launchers.using(LauncherDouble()):
        listing.resume(workspace, job)
    worked(workspace, job)
    assert listing.job(workspace, job).state == "done" and len(service.jobs) == 1
    lines = results.lines(results.read(workspace, job))
    assert [each.slope for each in lines] == pytest.approx([0.837, 0.837], abs=0.03)
    assert [each.offset for each in lines] == pytest.approx([0.03, 0.03], abs=0.02)

    again = queued(workspace, asked(head))
    assert worker.work(workspace, workspace.run(again)) == "finished"
    assert listing.job(workspace, again).job.known == 40 and len(service.jobs) == 1
    np.testing.assert_array_equal(
        results.read(workspace, again).expectations, results.read(workspace, job).expectations
    )
    assert planning.estimate(workspace, asked(head))["budget"]["left"] < 100.0
    told = [each for each in (tmp_path / "workspace").rglob("*") if each.is_file()]
    assert len(told) > 20 and not any(service.key.encode() in each.read_bytes() for each in told)


def test_a_budget_is_set_from_the_command_line(
    service: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Workspace.open(tmp_path / "workspace").close()

    def told(*options: str) -> dict[str, Any]:
        sys.argv = ["qlatent", "hardware", *options, "--workspace", str(tmp_path / "workspace"), "--json"]
        with pytest.raises(SystemExit) as exit_:
            main()
        assert not exit_.value.code
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    assert told("budget")["budget"] is None
    assert told("budget", "--seconds", "30")["left"] == 30.0
    assert told("budget")["instance"] == "open-instance"
    assert told("budget", "--remove")["budget"] is None


def test_further_jobs_of_one_submit_are_cancelled_and_told(service: StandIn, tmp_path: Path) -> None:
    workspace, head = furnished(tmp_path / "workspace")
    service.switch("jobs", hold="Queued")
    service.fault("/api/v1/jobs", status=504, method="POST", after=True)  # the client repeats it by itself
    job = queued(workspace, asked(head))
    begun(workspace, job)
    assert len(service.jobs) == 2 and len(listing.job(workspace, job).job.duplicates) == 1
    service.switch("jobs", hold="")
    with launchers.using(LauncherDouble()):
        listing.cancel(workspace, job)
    assert worker.work(workspace, workspace.run(job)) == "stopped"
    assert listing.job(workspace, job).state == "cancelled"


def test_a_job_without_a_key_waits_for_one(
    service: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, head = furnished(tmp_path / "workspace")
    monkeypatch.delenv(access.KEY_NAME)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    job = queued(workspace, asked(head))
    assert worker.work(workspace, workspace.run(job)) == "stopped"
    assert listing.job(workspace, job).waits_for == "key"
    assert service.jobs == []
