"""The jobs on devices that lessons name: asked for once in a workspace, like its trainings. Torch-free."""

from __future__ import annotations

import itertools
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from qlatent.errors import AbsentError, QlatentError, RunError
from qlatent.hardware.work import FINAL
from qlatent.services.hardware import listing, requests, results
from qlatent.services.hardware.listing import JobView
from qlatent.services.hardware.requests import Checked, HardwareRequest
from qlatent.services.hardware.results import JobResults
from qlatent.services.lessons.manifest import DeviceJob, fault
from qlatent.store.workspace import Workspace

LEVEL = 3
"""Optimisation level of Qiskit's transpiler, as on the page Hardware."""


@dataclass(frozen=True)
class Wanted:
    """A job of lessons on a finished training."""

    name: str
    job: DeviceJob
    run: str  # id of the training
    dataset: str  # id of its data set


def find(workspace: Workspace, wanted: Wanted) -> JobView | None:
    """The job that does this, whoever started it: one that is done before one that goes on, then the newest."""
    rank = {"done": 0, "failed": 2, "cancelled": 2}
    found = requests.equal(workspace, _checked(workspace, wanted).spec)
    return min(found, key=lambda each: rank.get(each.state, 1), default=None)


def done(workspace: Workspace, wanted: Wanted) -> str | None:
    """The id of the job if it is done, and was not removed since."""
    with suppress(AbsentError):
        if (workspace.runs_path / _done(workspace, wanted)).is_dir():
            return _done(workspace, wanted)
        _done.cache_clear()
        return _done(workspace, wanted)
    return None


@lru_cache(maxsize=256)
def _done(workspace: Workspace, wanted: Wanted) -> str:
    """The id, which stays; raises `AbsentError` until the job is done."""
    found = find(workspace, wanted)
    if found is None or found.state != "done":
        raise AbsentError(f"The job {wanted.name!r} is not done.")
    return found.id


@dataclass(frozen=True)
class Progress:
    """How far a job is; `failed` has a line for one that will not end by itself."""

    done: bool = False
    active: bool = False
    share: float = 0.0  # of one that goes on
    failed: tuple[str, ...] = ()


def progress(workspace: Workspace, wanted: Wanted | None) -> Progress:
    """How far a job is; None: one whose training has not finished."""
    if wanted is None or done(workspace, wanted):
        return Progress(done=wanted is not None)
    found = find(workspace, wanted)
    if found is None or found.state == "done":  # it has ended just now
        return Progress(done=found is not None)
    if found.run.active:
        return Progress(active=True, share=found.run.progress)
    return Progress(failed=(f"{found.run.name}: {found.reason or found.state}",))


def start(workspace: Workspace, wanted: Wanted, *, again: bool) -> None:
    """Queue the job unless it is there; `again` goes on with one that was interrupted, and repeats one that failed."""
    found = find(workspace, wanted)
    if found is None or (again and found.state in FINAL - {"done"}):
        checked = _checked(workspace, wanted)
        before = len(requests.equal(workspace, checked.spec))
        for removed in itertools.count():  # the same token for all visitors, so that they start one job
            started = requests.start(workspace, checked, token=f"lesson, {before} before, {removed} removed")
            if (workspace.runs_path / started).is_dir():
                return
    elif again and found.waits_for:
        listing.resume(workspace, found.id)


def stop(workspace: Workspace, wanted: Wanted) -> None:
    """Cancel the job if it has not ended."""
    found = find(workspace, wanted)
    if found is not None and found.run.active:
        with suppress(RunError):  # it has ended meanwhile
            listing.cancel(workspace, found.id)


def _checked(workspace: Workspace, wanted: Wanted) -> Checked:
    job = wanted.job
    try:
        request = HardwareRequest(
            head=wanted.run, dataset=wanted.dataset, device=job.device, modality=job.modality, items=job.items,
            options=requests.run_options(job.shots, job.mitigation, LEVEL, job.seed),
        )  # fmt: skip
        made = requests.check(workspace, request)
    except QlatentError as err:  # a head without a circuit, an unknown twin
        raise fault(wanted.name, "jobs", err.message, err.remedy) from err
    told = {"name": f"Lesson: {job.title}", "part_of": "lessons", "created": time.time()}
    return Checked(made.spec.model_copy(update=told), made.left_out, made.unknown)


@lru_cache(maxsize=32)
def read(workspace: Workspace, job: str) -> JobResults:
    """The results of a job that is done."""
    return results.read(workspace, job)
