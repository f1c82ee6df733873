"""Carry out a job on a device as the work of a run: a kill at any moment loses nothing, and nothing is paid twice."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from qlatent.errors import AbsentError, KeyNeededError, QlatentError, RunError, StoreError
from qlatent.hardware.clock import Clock
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import Estimate, Outcome, Status
from qlatent.services.hardware import budget, cache, measured, outcomes, pacing, prepared, runners, usage
from qlatent.services.hardware.following import AbstractClock, Follower, Pauses, wait
from qlatent.services.hardware.job_state import Journal
from qlatent.services.hardware.outcomes import Items
from qlatent.services.hardware.prepared import Prepared
from qlatent.services.runs.job import Job
from qlatent.services.runs.specs import HardwareJob, expected
from qlatent.settings import settings
from qlatent.store.catalogue.records import JobEvent
from qlatent.store.runs.job_files import JobFiles
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

_log = logging.getLogger(__name__)
_PLAN = "plan"
_TRIES = 3  # to write an attempt while others write
# questions for the final usage, paused as for a job that runs, then as for one that waits
_EARLY, _LATE = 12, 18


@dataclass(frozen=True, eq=False)
class Plan:
    """What an attempt submits, as indices of the job's items, and what was known before, with those items."""

    submitted: Items
    known: Items
    arrays: Arrays  # of the known items; empty without any
    context: str
    calibration: str


@dataclass(frozen=True)
class Task:
    """What the steps of one attempt share."""

    workspace: Workspace
    job: Job
    spec: HardwareJob
    files: JobFiles
    journal: Journal
    clock: AbstractClock


def carry_out(
    workspace: Workspace,
    job: Job,
    *,
    clock: AbstractClock | None = None,
    opened: Callable[..., AbstractRunner] = runners.opened,
) -> str:
    """Execute a head's circuit for the items of a job and keep its results; returns the final state.

    A resumed job goes on with what was submitted, and what earlier jobs have measured is not submitted again.
    """
    clock = clock or Clock()
    journal = Journal(workspace.catalogue.job_events, job.folder.id, now=clock.now)
    task = Task(workspace, job, expected(job.spec, HardwareJob), JobFiles(job.folder), journal, clock)
    try:
        journal.write("begun")
        return _carried_out(task, opened)
    except KeyNeededError as err:
        journal.write("needs_key", message=err.message, remedy=err.remedy)
        return "stopped"
    except QlatentError as err:
        if journal.refresh().state != "failed":
            journal.write("error", message=err.message, remedy=err.remedy)
        raise


def _carried_out(task: Task, opened: Callable[..., AbstractRunner]) -> str:
    journal = task.journal
    task.job.phase("Computing the angles")
    made = prepared.keep(task.workspace, task.spec, task.files)
    runner = opened(task.spec, folder=task.files.device_path, broker=journal.state.broker)
    plan = _plan(task, made, runner)
    if not len(plan.submitted):
        return _finished(task, made, plan, None, None)
    handle = journal.state.handle or _to_cancel(task, runner) or _submitted(task, made, runner, plan)
    if not handle:
        return "stopped"
    task.job.phase("")
    follower = Follower(runner, task.job, journal, task.clock, _pauses())
    try:
        status = follower.follow(handle)
    except AbsentError as err:  # the device does not have the job any more
        journal.write("failed", message=err.message, remedy=err.remedy)
        raise
    if status is None:  # a job that was not cancelled goes on where it is
        if journal.state.state == "cancelled" and (journal.state.done or not runner.remote):
            _keep_partial(task, made, plan, runner)
        if journal.state.state == "cancelled":
            usage.follow(runner, journal, follower.wait, ())
        return "stopped"
    return _ended(task, made, plan, follower, status)


def _pauses() -> Pauses:
    return Pauses(settings().hardware_poll_running, settings().hardware_poll_queued)


# --- before a job is submitted ----------------------------------------------------------------------------


def _plan(task: Task, made: Prepared, runner: AbstractRunner) -> Plan:
    """The plan of the attempt that is under way, or a new one, which is written before anything is submitted."""
    state = task.journal.state
    if (state.handle or state.unanswered) and task.files.has(_PLAN):
        document, arrays = task.files.read(_PLAN)
        submitted, known = arrays.pop("submitted"), arrays.pop("known")
        return Plan(submitted, known, arrays, document["context"], document["calibration"])
    context, calibration = cache.context(made, task.spec.options, runner), runner.calibration()
    found = cache.known(task.workspace, made, context, calibration=calibration)
    known = found.items if found else np.zeros(0, dtype=np.int64)
    if found:
        task.journal.write("cached", items=len(known), jobs=list(found.jobs))
    rest = np.setdiff1d(np.arange(len(made.ids)), known)
    plan = Plan(rest, known, found.arrays if found else {}, context, calibration)
    document = {"context": context, "calibration": calibration}
    task.files.write(_PLAN, document, {"submitted": rest, "known": known, **plan.arrays})
    return plan


def _to_cancel(task: Task, runner: AbstractRunner) -> str:
    """The handle of a job to cancel whose reply was lost; "" if there is none."""
    state = task.journal.state
    handle = runner.find(state.tag) if state.unanswered and state.cancel_asked else None
    if handle:
        _tell_submitted(task, handle, state.tag)
    return handle or ""


def _submitted(task: Task, made: Prepared, runner: AbstractRunner, plan: Plan) -> str:
    """The handle of the job; "" if the run was asked to stop before it.

    An attempt whose reply was lost is repeated with its tag, which gives the same job if it has arrived.
    """
    work = made.work(task.spec.options, plan.submitted)
    estimate, account = runner.estimate(work), runner.account or task.spec.account
    if account:
        usage.settle(task.workspace, runner, now=task.clock.now())  # what the budget counts
    told = {
        "seconds": estimate.seconds if runner.remote else 0.0, "account": account,
        "items": len(work), "estimate": {key: _number(value) for key, value in asdict(estimate).items()},
    }  # fmt: skip
    fresh = f"{task.job.folder.id}-{secrets.token_hex(4)}"
    tag = task.journal.state.tag if task.journal.state.unanswered else fresh
    if not _attempted(task, tag, estimate, told):
        return ""
    handle = runner.submit(work, tag=tag)
    _tell_submitted(task, handle, tag)
    return handle


def _attempted(task: Task, tag: str, estimate: Estimate, told: dict[str, Any]) -> bool:
    """Write the attempt once its account may submit, and nobody else has; False if the run was asked to stop."""
    journal, account, tries = task.journal, told["account"], _TRIES
    before = journal.state.attempts

    def turn(attempts: list[JobEvent], now: float) -> float:
        return pacing.wait(attempts, account, estimate.parts, now=now) if account else 0.0

    while tries:
        state = journal.refresh()
        if state.cancel_asked:
            journal.write("cancelled")
        if state.cancel_asked or task.job.should_stop():
            return False
        if state.attempts != before:
            break
        if account:
            budget.check(
                task.workspace, account, seconds=estimate.seconds, now=task.clock.now(), but=journal.job
            )
        try:
            seconds = journal.write_in_turn("attempt", turn, back=pacing.LONGEST, tag=tag, **told)
        except StoreError:
            tries -= 1
            continue
        if not seconds:
            return True
        task.job.phase("Waiting for its turn: IBM takes five new jobs a minute")
        wait(task.job, task.clock, seconds)
    raise RunError(
        f"Another process is submitting job {journal.job}.", remedy="Look at its state before resuming it."
    )


def _tell_submitted(task: Task, handle: str, tag: str) -> None:
    task.journal.write("submitted", handle=handle, tag=tag)
    document = json.loads(handle)
    if twice := [*document.get("cancelled", ()), *document.get("kept_running", ())]:
        task.journal.write("duplicate", jobs=twice)


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None


# --- after it has ended -----------------------------------------------------------------------------------


def _ended(task: Task, made: Prepared, plan: Plan, follower: Follower, status: Status) -> str:
    """Keep the results of a job that has ended, also of one that failed in part."""
    handle, runner = task.journal.state.handle, follower.runner
    if status.state == "done":
        task.job.phase("Fetching the results")
        return _finished(task, made, plan, runner.fetch(handle), follower)
    if status.done:
        _keep_partial(task, made, plan, runner)
    message = status.reason or "The device gave no reason."
    cancelled = status.state == "cancelled"
    told = {} if cancelled else {"message": message, "remedy": status.remedy}
    task.journal.write(status.state, **told)
    if runner.remote:
        usage.follow(runner, task.journal, follower.wait, ())
    if cancelled:
        return "stopped"
    raise RunError(f"The job failed on {task.spec.runs_on}: {message}", remedy=status.remedy)


def _finished(
    task: Task, made: Prepared, plan: Plan, outcome: Outcome | None, follower: Follower | None
) -> str:
    count = _keep(task, made, plan, outcome)
    seconds = _number(outcome.seconds) if outcome else 0.0
    lost = len(made.ids) - count
    note = f"{lost} of {len(made.ids)} items have no result; a new job measures only these." if lost else ""
    task.journal.write(
        "result", items=count, seconds=seconds, context=plan.context, calibration=plan.calibration, note=note
    )
    task.job.progress(len(made.ids), len(made.ids))
    if seconds is None and follower is not None:  # the results are there for everybody meanwhile
        task.job.phase("Waiting for the final usage")
        pauses = (follower.pauses.running,) * _EARLY + (follower.pauses.queued,) * _LATE
        seconds = usage.follow(follower.runner, task.journal, follower.wait, pauses)
    return task.job.finish(items=count, known=len(plan.known), qpu_seconds=seconds, left_out=lost)


def _keep_partial(task: Task, made: Prepared, plan: Plan, runner: AbstractRunner) -> None:
    """Keep what was measured of a job that ended early, so that a further attempt does not measure it again."""
    try:
        outcome = runner.fetch(task.journal.state.handle)
    except QlatentError:
        _log.warning("job %s has no partial results", task.journal.job, exc_info=True)
        return
    if outcomes.measured(outcomes.arrays_of(outcome)).any():
        count = _keep(task, made, plan, outcome)
        told = {"context": plan.context, "calibration": plan.calibration}
        task.journal.write("partial", items=count, seconds=_number(outcome.seconds), **told)


def _keep(task: Task, made: Prepared, plan: Plan, outcome: Outcome | None) -> int:
    parts = [(plan.known, plan.arrays)] if len(plan.known) else []
    parts += [(plan.submitted, outcomes.arrays_of(outcome))] if outcome else []
    facts = outcomes.facts(outcome) | {"context": plan.context, "calibration_key": plan.calibration}
    return measured.keep(task.files, task.spec.modality, made, parts, facts)
