"""What jobs have used of their account: a service tells it some time after they have ended. Torch-free."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from qlatent.errors import QlatentError
from qlatent.hardware.runner import AbstractRunner
from qlatent.services.hardware import runners
from qlatent.services.hardware.job_state import JobState, Journal, replay
from qlatent.services.runs.specs import HardwareJob
from qlatent.store.catalogue.records import JobEvent
from qlatent.store.workspace import Workspace

_log = logging.getLogger(__name__)
DAYS = 28
PERIOD = DAYS * 24 * 3600.0
MOST = 5  # jobs that are asked about at once, each by one request


def of_account(workspace: Workspace, account: str, *, now: float) -> dict[str, JobState]:
    """The states of the jobs that an account (fingerprint) has executed in the last 28 days, also of removed ones."""
    events = workspace.catalogue.job_events
    begun = events.of_kinds(["attempt"], since=now - PERIOD)
    jobs = {each.job: each.time for each in begun if each.payload.get("account") == account}
    found = events.of_all(jobs)
    return {job: replay(found[job]) for job in sorted(jobs, key=lambda each: jobs[each], reverse=True)}


def settle(workspace: Workspace, runner: AbstractRunner, *, now: float) -> None:
    """Write down what ended jobs of the runner's account have used, where the service tells it by now, newest first.

    An error is logged: what is not told now is asked for again.
    """
    account = runner.account
    if not account:
        return
    owing = [
        (job, charge)
        for job, state in of_account(workspace, account, now=now).items()
        for charge in state.unsettled
    ]
    events = workspace.catalogue.job_events
    try:
        for job, charge in owing[:MOST]:
            seconds = runner.usage(charge.handle)
            if math.isfinite(seconds):
                events.append(JobEvent(job, 0, now, "usage", {"tag": charge.tag, "seconds": seconds}))
    except QlatentError:
        _log.warning("what earlier jobs have used is asked for later", exc_info=True)


def look(workspace: Workspace, job: str, spec: HardwareJob | None, *, now: float, broker: str = "") -> None:
    """`settle` when somebody looks at a job, if its own usage is not known; without a key nothing is asked.

    `broker` is the folder of the process that holds the key, by default the job's own. With the installation's key
    Qiskit is imported: call it in a process's main thread then.
    """
    state = replay(workspace.catalogue.job_events.of(job))
    if spec is None or not spec.remote or not state.unsettled:
        return
    try:
        runner = runners.opened(spec, folder=None, broker=broker or state.broker)
        settle(workspace, runner, now=now)
    except QlatentError:
        _log.info("what job %s has used is asked for later", job, exc_info=True)


def follow(
    runner: AbstractRunner, journal: Journal, wait: Callable[[float], bool], pauses: tuple[float, ...]
) -> float | None:
    """The QPU seconds of a job that has ended, written down; None if the service does not tell them in time.

    It is asked before each of the `pauses` and after the last; `wait` returns False to end this early.
    """
    for pause in (*pauses, None):
        for charge in journal.state.unsettled:
            try:
                seconds = runner.usage(charge.handle)
            except QlatentError:
                _log.warning("job %s: its usage is asked for later", journal.job, exc_info=True)
                return None
            if math.isfinite(seconds):
                journal.write("usage", tag=charge.tag, seconds=seconds)
        if not journal.state.unsettled:
            return journal.state.seconds
        if pause is None or not wait(pause):
            return None
    return None
