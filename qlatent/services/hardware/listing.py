"""Jobs of a workspace: where each stands, which ended while nobody looked, and how to cancel, resume or see one."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from qlatent.errors import AbsentError, RunError, StoreError
from qlatent.hardware.work import FINAL
from qlatent.services.hardware.job_state import JobState, Journal, replay
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import HardwareJob
from qlatent.store.catalogue.records import JobEvent
from qlatent.store.runs.run_status import ACTIVE
from qlatent.store.workspace import Workspace

_log = logging.getLogger(__name__)
KIND = "hardware"


@dataclass(frozen=True)
class JobView:
    """One job: its run, and the state that its events tell."""

    run: RunSummary
    job: JobState

    @property
    def id(self) -> str:
        """The id of the job, which is that of its run."""
        return self.run.id

    @property
    def spec(self) -> HardwareJob | None:
        """What was asked for; None if it cannot be read."""
        return self.run.spec if isinstance(self.run.spec, HardwareJob) else None

    @property
    def device(self) -> str:
        """The name of the device."""
        return self.spec.runs_on if self.spec else ""

    @property
    def state(self) -> str:
        """created, queued, running, done, failed or cancelled.

        A worker that failed without telling the events has failed its job, and a run that was stopped before it began
        is a cancelled one.
        """
        if self.job.state in FINAL:
            return self.job.state
        if self.run.state == "failed":
            return "failed"
        if self.run.state == "stopped" and self.job.cancel_asked and not self.job.handle:
            return "cancelled"
        return self.job.state

    @property
    def done(self) -> int:
        """How many of its items are done."""
        return max(self.job.done, self.run.status.step) if self.run.state == "running" else self.job.done

    @property
    def waits_for(self) -> str:
        """What must be done before it goes on: "key", "resume", or "" for nothing."""
        if self.state in FINAL or self.run.active:
            return ""
        return "key" if self.job.needs_key else "resume"

    @property
    def reason(self) -> str:
        """Why it failed or waits; "" for nothing to tell."""
        return self.job.reason or self.run.status.error

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.job.remedy or self.run.status.remedy


def jobs(workspace: Workspace) -> list[JobView]:
    """All jobs, newest first."""
    runs = listing.list_runs(workspace, KIND)
    events = workspace.catalogue.job_events.of_all([run.id for run in runs])
    return [JobView(run, replay(events[run.id])) for run in runs]


def job(workspace: Workspace, job_id: str) -> JobView:
    """One job; an unknown id, and that of another kind of run, raises `AbsentError`."""
    try:
        run = listing.summary(workspace, job_id)
    except AbsentError as err:
        raise _absent(job_id) from err
    if run.kind != KIND:
        raise _absent(job_id, f", it is a run of kind {run.kind!r}")
    return JobView(run, replay(events(workspace, job_id)))


def events(workspace: Workspace, job_id: str) -> list[JobEvent]:
    """Everything that happened to a job, in order."""
    return workspace.catalogue.job_events.of(job_id)


def unseen(workspace: Workspace) -> list[JobView]:
    """The jobs that have ended, done or failed, and that nobody has looked at since, newest first.

    Those that are part of something else, such as a lesson, are shown there.
    """
    return [each for each in jobs(workspace) if each.job.unseen and not each.run.part_of]


def mark_seen(workspace: Workspace, job_id: str) -> None:
    """Note that the end of a job was looked at; does nothing before its end, or if it is known."""
    found = job(workspace, job_id)
    if found.job.unseen:
        _journal(workspace, job_id).write("seen")


def cancel(workspace: Workspace, job_id: str) -> JobView:
    """Ask for a job to be cancelled, and return it; one that has ended raises `RunError`.

    Its worker cancels it, on the device too. Without a living worker one is started that does so.
    """
    found = job(workspace, job_id)
    if found.state in FINAL:
        raise RunError(
            f"Job {job_id} cannot be cancelled: it is {found.state}.",
            remedy="Fetch its results, or remove it.",
        )
    journal = _journal(workspace, job_id)
    journal.write("cancel")
    if found.job.handle or found.job.unanswered:
        _reach(workspace, found)
    elif found.run.active:
        queue.stop(workspace, job_id)
    state = journal.refresh()
    nothing_sent = not (state.handle or state.unanswered or state.state in FINAL)
    if nothing_sent and workspace.run(job_id).status().state not in ACTIVE:
        journal.write("cancelled")
    return job(workspace, job_id)


def _reach(workspace: Workspace, found: JobView) -> None:
    """Let a worker hear of it: the one that runs, or one that goes on with the job."""
    if found.run.state == "running":
        workspace.run(found.id).request_stop()
    elif not found.run.active:
        queue.resume(workspace, found.id)


def remove(workspace: Workspace, job_id: str) -> None:
    """Move a job to the bin; one that a remote device still executes raises `RunError`. Its events are kept."""
    found = job(workspace, job_id)
    if found.spec and found.spec.remote and found.job.handle and found.state not in FINAL:
        raise RunError(
            f"{found.device} still executes job {job_id}, and its results would be lost.",
            remedy=f"Cancel it first: `qlatent hardware cancel {job_id}`.",
        )
    queue.remove(workspace, job_id)


def resume(workspace: Workspace, job_id: str, *, broker: str | None = None) -> JobView:
    """Go on with a job that waits or has failed; `broker` is the folder of a new key's process."""
    job(workspace, job_id)
    if broker is not None:
        _journal(workspace, job_id).write("key", broker=broker)
    queue.resume(workspace, job_id)
    return job(workspace, job_id)


def go_on(workspace: Workspace) -> list[str]:
    """Go on with jobs on remote devices whose worker was ended with its machine, not by a user; returns their ids.

    Waiting runs are started too, as by `queue.go_on`.
    """
    resumed = []
    for each in jobs(workspace):
        if _left_alone(workspace, each) and not workspace.problem():
            try:
                queue.resume(workspace, each.id)
            except (RunError, StoreError):  # another process was faster, or the catalogue is away
                _log.warning("job %s goes on later", each.id, exc_info=True)
                continue
            resumed.append(each.id)
    queue.go_on(workspace)
    return resumed


def _left_alone(workspace: Workspace, found: JobView) -> bool:
    """Whether a device may have the job, while nobody follows it and nobody wanted that."""
    sent = found.spec and found.spec.remote and (found.job.handle or found.job.unanswered)
    if not sent or found.waits_for != "resume":
        return False
    ended = found.run.state == "stopped" and not workspace.run(found.id).stop_requested()
    return ended or found.run.state == "interrupted"


def _journal(workspace: Workspace, job_id: str) -> Journal:
    return Journal(workspace.catalogue.job_events, job_id, now=time.time)


def _absent(job_id: str, why: str = "") -> AbsentError:
    return AbsentError(
        f"There is no job {job_id!r}{why}.", remedy="`qlatent hardware jobs` and the page Hardware list them."
    )
