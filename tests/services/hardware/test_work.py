"""A job on a device: carried out, resumed after a kill at any moment, cancelled, and never paid twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qlatent.errors import InputError, KeyNeededError, RunError, UnavailableError
from qlatent.hardware.work import Status
from qlatent.services.hardware import budget, listing, requests, usage
from qlatent.services.heads import kept_heads
from qlatent.services.runs import launchers, queue
from qlatent.store.runs.job_files import JobFiles
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.fitted_head import vectors
from tests.services.hardware.executing import DeviceDouble, carried_out, furnished, pca, queued, request


class Killed(BaseException):
    """The end of the process, which no code hears of."""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    workspace, head = furnished(tmp_path_factory.mktemp("hardware") / "workspace")
    with workspace:
        yield workspace, head


@pytest.fixture
def here(stored: tuple[Workspace, str]) -> Iterator[tuple[Workspace, str]]:
    """The workspace and its head; the jobs of a test are gone after it."""
    yield stored
    workspace = stored[0]
    for record in workspace.catalogue.runs():
        workspace.run(record.id).write_status(state="stopped")
        queue.remove(workspace, record.id)


def kinds(workspace: Workspace, job: str) -> list[str]:
    return [each.kind for each in listing.events(workspace, job)]


def test_a_job_gives_the_latents_of_the_head(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(part=3), queued(workspace, request(head, modality="text"))
    assert listing.job(workspace, job).state == "created"
    state, clock = carried_out(workspace, job, device)
    found = listing.job(workspace, job)
    assert (state, found.state, found.job.seconds, found.job.done) == ("finished", "done", 10.0, 8)
    assert kinds(workspace, job) == [
        "created",
        "begun",
        "attempt",
        "submitted",
        "status",
        "status",
        "status",
        "result",
    ]
    assert sum(clock.waits) == 10.0  # two questions while it ran, 5 s apart
    table = pd.read_parquet(workspace.run(job).path / "latents.parquet")
    rows = list(found.spec.rows)
    assert table["id"].tolist() == [f"item-{row:03}" for row in rows]
    expected = kept_heads.transform(workspace, head, {"text": vectors()["text"][rows]})["text"]
    np.testing.assert_allclose(table[["qubit_0", "qubit_1"]], expected, atol=1e-5)
    assert (table["qubit_0_error"] == 0.01).all()


def test_a_second_job_pays_only_for_what_is_new(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device = DeviceDouble()
    carried_out(workspace, queued(workspace, request(head)), device)
    again = queued(workspace, request(head))
    assert carried_out(workspace, again, device)[0] == "finished"
    assert device.calls.count("submit") == 1
    assert listing.job(workspace, again).job.known == 8 and listing.job(workspace, again).job.seconds == 0
    more = queued(workspace, request(head, items=40))  # all items, so with the eight
    carried_out(workspace, more, device)
    assert len(device.jobs["job-2"]["work"]) == 32
    documents = [JobFiles(workspace.run(each)).read("outcome")[1]["expectations"] for each in (again, more)]
    assert np.isfinite(documents[1]).all() and len(documents[1]) == 40
    for change in ({"options": replace(request(head).options, shots=50)}, {"modality": "text"}):
        carried_out(workspace, queued(workspace, request(head, **change)), device)
    device.calibrated = "tomorrow"
    carried_out(workspace, queued(workspace, request(head)), device)
    assert device.calls.count("submit") == 5  # other shots, other angles, another calibration


def test_an_equal_job_that_has_not_ended_is_the_same_job(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    first = queued(workspace, request(head))
    assert queued(workspace, request(head)) == first != queued(workspace, request(head, items=7))
    carried_out(workspace, first, DeviceDouble())
    assert queued(workspace, request(head)) != first  # it answers from the first
    assert len({queued(workspace, request(head, device="exact")) for _ in range(2)}) == 2


@pytest.mark.parametrize("moment", ["submit", "poll", "fetch"])
def test_a_kill_at_any_moment_pays_nothing_twice(here: tuple[Workspace, str], moment: str) -> None:
    workspace, head = here
    device, job = DeviceDouble(part=3), queued(workspace, request(head))
    device.trouble[moment] = [Killed()]
    with pytest.raises(Killed):
        carried_out(workspace, job, device)
    assert carried_out(workspace, job, device)[0] == "finished"
    assert list(device.jobs) == ["job-1"]
    assert device.calls.count("submit") == (
        2 if moment == "submit" else 1
    )  # with the same tag, if its reply was lost
    assert listing.job(workspace, job).job.done == 8


def test_an_attempt_that_never_arrived_is_made_again(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(), queued(workspace, request(head))
    device.trouble["submit"] = [UnavailableError("No network.", remedy="Look at the cable.")]
    assert carried_out(workspace, job, device)[0] == "failed"
    found = listing.job(workspace, job)
    assert (found.state, found.reason, found.remedy) == ("failed", "No network.", "Look at the cable.")
    device.jobs.clear()  # it never arrived
    assert carried_out(workspace, job, device)[0] == "finished"
    assert kinds(workspace, job).count("attempt") == 2


def test_a_stop_leaves_the_job_on_its_device_and_a_cancel_does_not(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(part=1), queued(workspace, request(head))
    device.trouble["poll"] = [None, lambda: workspace.run(job).request_stop()]
    assert carried_out(workspace, job, device)[0] == "stopped"
    assert device.jobs["job-1"]["state"] == "running"
    assert listing.job(workspace, job).waits_for == "resume"
    with launchers.using(LauncherDouble()) as double:
        listing.cancel(workspace, job)  # no worker lives, so one is started
        assert double.launched == [job]
    assert carried_out(workspace, job, device)[0] == "stopped"
    found = listing.job(workspace, job)
    assert (found.state, device.jobs["job-1"]["state"]) == ("cancelled", "cancelled")
    assert found.job.unseen is False
    with pytest.raises(RunError, match="cannot be cancelled: it is cancelled"):
        listing.cancel(workspace, job)
    assert carried_out(workspace, job, device)[0] == "finished"  # resumed: a new attempt, for what is missing
    assert len(device.jobs["job-2"]["work"]) == 6


def test_a_job_whose_reply_was_lost_is_found_to_be_cancelled(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(), queued(workspace, request(head))
    device.trouble["submit"] = [Killed()]
    with pytest.raises(Killed):
        carried_out(workspace, job, device)
    with launchers.using(LauncherDouble()):
        workspace.run(job).write_status(state="stopped")
        listing.cancel(workspace, job)
    carried_out(workspace, job, device)
    assert device.jobs["job-1"]["state"] == listing.job(workspace, job).state == "cancelled"
    assert device.calls.count("submit") == 1


def test_a_job_is_removed_when_its_device_is_done_with_it(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(), queued(workspace, request(head))
    device.trouble["poll"] = [KeyNeededError("The key is gone.")]
    carried_out(workspace, job, device)
    with pytest.raises(RunError, match=r"still executes job .*, and its results would be lost"):
        listing.remove(workspace, job)
    workspace.catalogue.bin.put("dataset", "pairs")  # a prepared job needs neither head nor dataset
    with launchers.using(LauncherDouble()):
        listing.resume(workspace, job)
    assert carried_out(workspace, job, device)[0] == "finished"
    workspace.catalogue.bin.take_back("dataset", "pairs")
    listing.remove(workspace, job)
    assert listing.jobs(workspace) == [] and len(listing.events(workspace, job)) > 5


def test_a_job_whose_worker_ended_with_its_machine_goes_on_by_itself(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(part=1), queued(workspace, request(head))

    def terminated() -> bool:
        return "submitted" in kinds(workspace, job)

    carried_out(workspace, job, device, stop=terminated)
    with launchers.using(LauncherDouble()) as double:
        assert listing.go_on(workspace) == double.launched == [job]
        workspace.run(job).request_stop()
        workspace.run(job).write_status(state="stopped")
        assert listing.go_on(workspace) == []  # as a user wished


def test_a_job_that_has_not_begun_is_cancelled_at_once(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    job = queued(workspace, request(head))
    workspace.catalogue.set_queue_state(job, "queued")
    assert listing.cancel(workspace, job).state == "cancelled"
    assert workspace.run(job).status().state == "stopped"


def test_a_silent_service_is_asked_again_and_loses_nothing(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(), queued(workspace, request(head))
    away = UnavailableError("IBM cannot be reached.", remedy="Check the network.")
    device.trouble["poll"] = [Status("queued", queue=3), away, away]
    assert carried_out(workspace, job, device)[0] == "finished"
    assert kinds(workspace, job).count("unreachable") == 1
    device.trouble["poll"] = [away] * 100
    other = queued(workspace, request(head, modality="text"))
    state, clock = carried_out(workspace, other, device)
    assert (state, sum(clock.waits)) == ("failed", 600.0)  # twenty times 30 s
    device.trouble.clear()
    assert carried_out(workspace, other, device)[0] == "finished" and device.calls.count("submit") == 2


def test_a_job_without_its_key_waits_for_it(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(), queued(workspace, request(head))
    device.trouble["poll"] = [KeyNeededError("The key is gone.", remedy="Enter it again.")]
    assert carried_out(workspace, job, device)[0] == "stopped"
    found = listing.job(workspace, job)
    assert (found.waits_for, found.state, found.remedy) == ("key", "queued", "Enter it again.")
    with launchers.using(LauncherDouble()):
        listing.resume(workspace, job, broker="/tmp/broker")
    assert carried_out(workspace, job, device)[0] == "finished" and len(device.jobs) == 1


def test_a_job_that_fails_in_part_keeps_what_it_has(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    device, job = DeviceDouble(part=5), queued(workspace, request(head))
    device.trouble["poll"] = [
        None,
        Status("failed", 5, 8, reason="Qubit 3 is off.", remedy="Try again later."),
    ]
    assert carried_out(workspace, job, device)[0] == "failed"
    found = listing.job(workspace, job)
    assert (found.state, found.reason, found.job.unseen) == ("failed", "Qubit 3 is off.", True)
    assert len(pd.read_parquet(workspace.run(job).path / "latents.parquet")) == 5
    listing.mark_seen(workspace, job)
    assert listing.unseen(workspace) == []
    assert carried_out(workspace, job, device)[0] == "finished"
    assert len(device.jobs["job-2"]["work"]) == 3


def test_a_deleted_head_is_missed_only_before_the_job_begins(
    here: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, head = here
    copy = kept_heads.load_upload(workspace, workspace.heads_path / head, name="Copy")
    device = DeviceDouble(part=3)
    first, second = (queued(workspace, request(copy, items=items)) for items in (8, 7))
    device.trouble["poll"] = [Killed()]
    with pytest.raises(Killed):
        carried_out(workspace, first, device)
    kept_heads.remove(workspace, copy)
    assert carried_out(workspace, first, device)[0] == "finished"  # it has its own copy
    assert carried_out(workspace, second, device)[0] == "failed"
    assert "was removed" in listing.job(workspace, second).reason
    assert device.calls.count("submit") == 1


def test_a_budget_is_kept_by_its_account(here: tuple[Workspace, str]) -> None:
    workspace, head = here
    asked = request(head, account="c0ffee")
    budget.set_budget(workspace, "c0ffee", 15.0, now=1000.0)
    device, job = DeviceDouble(), queued(workspace, asked)
    carried_out(workspace, job, device)
    assert budget.budget(workspace, "c0ffee", now=1100.0).left == 5.0
    assert budget.budget(workspace, "c0ffee", now=1100.0 + usage.PERIOD).used == 0.0
    other = queued(workspace, replace(asked, modality="text"))
    assert carried_out(workspace, other, device)[0] == "failed"
    assert (
        "needs about 10 s; 5 s of the budget of 15 s in 28 days are left"
        in listing.job(workspace, other).reason
    )
    assert device.calls.count("submit") == 1
    with pytest.raises(InputError, match="budget of -1 seconds"):
        budget.set_budget(workspace, "c0ffee", -1.0, now=0.0)


def test_what_cannot_be_executed_is_refused_before_anything_is_queued(
    here: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, head = here
    refused = [
        (request(pca(workspace, tmp_path / "pca")), "has no circuit, so a device has nothing to execute"),
        (request("nobody"), "no head called 'nobody'"),
        (request(head, device="twin:"), "'twin:' is no name of a device"),
        (request(head, modality="sound"), "no 'sound' in common"),
        (request(head, items=-1), "Got -1 items"),
    ]
    for asked, said in refused:
        with pytest.raises(InputError, match=said):
            requests.check(workspace, asked)
    assert listing.jobs(workspace) == []
