"""Map kinds of runs to the services that carry them out; a new kind adds a line here and a spec in `runs/specs.py`."""

from __future__ import annotations

from collections.abc import Callable

from qlatent.registry import resolve
from qlatent.services.runs.job import Job
from qlatent.store.workspace import Workspace

WORK = {
    "train": "qlatent.services.training.execution:carry_out",
    "encode": "qlatent.services.vectors.encoding_run:carry_out",
    "measure": "qlatent.services.training.panel:carry_out",
    "probe": "qlatent.services.training.image_probe:carry_out",
    "retrieval_evaluation": "qlatent.services.retrieval.evaluation_runs:carry_out",
    "layout": "qlatent.services.layouts.work:carry_out",
    "search_index": "qlatent.services.search.index:carry_out",
    "duplicates": "qlatent.services.triage.duplicates:carry_out",
    "hardware": "qlatent.services.hardware.work:carry_out",
    "demo": "qlatent.services.demo:carry_out",
}


def work_of(job: Job) -> Callable[[Workspace, Job], str]:
    """The function that carries out a run; imports its module."""
    found: Callable[[Workspace, Job], str] = resolve(WORK[job.spec.kind])
    return found
