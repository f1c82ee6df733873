"""Follow a job on its device until it ends: ask, write down what has changed, wait, and stop when asked to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Protocol

from qlatent.errors import BusyError, KeyNeededError, UnavailableError
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import FINAL, Status
from qlatent.services.hardware.job_state import Journal
from qlatent.services.runs.job import Job

MOST_FAILURES = 20  # questions in a row that nobody answers, before the worker gives up; the job goes on
_TOLD_SECONDS = 2.0
_LONGEST = 3600.0  # seconds without a question, whatever the service asks
_SLICE = 1.0  # seconds between two looks at a request to stop


class AbstractClock(Protocol):
    """Time that is passed in, so that tests need not wait."""

    def now(self) -> float:
        """Seconds since 1970."""

    def wait(self, seconds: float) -> None:
        """Return after so many seconds."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds between two questions about a job that runs, or waits, on a remote device."""

    running: float
    queued: float


@dataclass(frozen=True)
class Follower:
    """Asks one runner about one job of a run."""

    runner: AbstractRunner
    job: Job
    journal: Journal
    clock: AbstractClock
    pauses: Pauses

    def follow(self, handle: str) -> Status | None:
        """The last status of the job, or None if its run was asked to stop, which cancels it only if that was asked."""
        failures = 0
        while True:
            if self.job.should_stop() or self.journal.state.cancel_asked:
                return self._stopped(handle)
            try:
                status = self.runner.poll(handle)
            except UnavailableError as err:
                failures += 1
                self._silent(err, failures)
                continue
            failures = 0
            self._tell(status)
            if status.state in FINAL:
                return status
            if self.runner.remote:
                self.wait(self.pauses.running if status.state == "running" else self.pauses.queued)

    def _silent(self, err: UnavailableError, failures: int) -> None:
        """Say once that the device cannot be reached, and wait; raise the error if waiting does not help."""
        if isinstance(err, KeyNeededError) or not self.runner.remote or failures > MOST_FAILURES:
            raise err
        if failures == 1:
            self.journal.write("unreachable", message=err.message, remedy=err.remedy)
        asked = err.seconds if isinstance(err, BusyError) else None
        self.wait(max(self.pauses.queued, min(asked or 0.0, _LONGEST)))

    def _stopped(self, handle: str) -> Status | None:
        if self.journal.refresh().cancel_asked:
            self.runner.cancel(handle)
            self.journal.write("cancelled")
        return None

    def _tell(self, status: Status) -> None:
        """Write the status where it has changed."""
        state = self.journal.state
        if self.runner.remote:
            self.job.phase("Waiting for the device" if status.state == "queued" else "Running on the device")
        self.job.progress(status.done, status.total)
        now = (status.state, status.done, status.queue)
        changed = now != (state.state, state.done, state.queue) or bool(state.reason)
        if changed and (self.runner.remote or status.state != state.state or self._is_time()):
            self.journal.write("status", **asdict(status))

    def _is_time(self) -> bool:
        """Whether the parts of a job that is computed here are told again; there may be hundreds in a second."""
        return self.clock.now() - self.journal.written >= _TOLD_SECONDS

    def wait(self, seconds: float) -> bool:
        """As the function `wait`."""
        return wait(self.job, self.clock, seconds)


def wait(job: Job, clock: AbstractClock, seconds: float) -> bool:
    """Wait in slices, so that a request to stop is heard soon; returns whether there was none."""
    while seconds > 0 and not job.should_stop():
        clock.wait(min(seconds, _SLICE))
        seconds -= _SLICE
    return not job.should_stop()
