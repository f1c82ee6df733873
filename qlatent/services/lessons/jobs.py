"""The jobs on devices that lessons name: asked for once in a workspace, like its trainings. Torch-free."""

from __future__ import annotations

import time
from functools import lru_cache

from qlatent.hardware.work import FINAL
from qlatent.services.hardware import listing, requests, results
from qlatent.services.hardware.listing import JobView
from qlatent.services.hardware.requests import HardwareRequest
from qlatent.services.hardware.results import JobResults
from qlatent.services.lessons.manifest import manifest
from qlatent.services.runs.specs import HardwareJob
from qlatent.store.workspace import Workspace

LEVEL = 3
"""Optimisation level of Qiskit's transpiler, as on the page Hardware."""


def spec(workspace: Workspace, name: str, *, run: str, dataset: str) -> HardwareJob:
    """The job of this name on a finished training and its dataset."""
    job = manifest().jobs[name]
    request = HardwareRequest(
        head=run, dataset=dataset, device=job.device, modality=job.modality, items=job.items,
        options=requests.run_options(job.shots, job.mitigation, LEVEL, job.seed),
    )  # fmt: skip
    made = requests.check(workspace, request).spec
    return made.model_copy(update={"name": f"Lesson: {job.title}", "part_of": "lessons"})


def find(workspace: Workspace, wanted: HardwareJob) -> JobView | None:
    """The job that asks for this, whoever started it: one that is done before one that goes on, then the newest."""
    rank = {"done": 0, "failed": 2, "cancelled": 2}
    return min(requests.equal(workspace, wanted), key=lambda each: rank.get(each.state, 1), default=None)


def start(workspace: Workspace, wanted: HardwareJob, *, again: bool) -> None:
    """Queue the job unless it is there; `again` goes on with one that was interrupted, and repeats one that failed."""
    found = find(workspace, wanted)
    if found is None or (again and found.state in FINAL - {"done"}):
        made = wanted.model_copy(update={"created": time.time()})
        token = (
            f"lesson, {len(requests.equal(workspace, wanted))} before"  # two visitors at once start one job
        )
        requests.start(workspace, requests.Checked(made, 0, 0), token=token)
    elif again and found.waits_for:
        listing.resume(workspace, found.id)


@lru_cache(maxsize=32)
def read(workspace: Workspace, job: str) -> JobResults:
    """The results of a job that is done."""
    return results.read(workspace, job)
