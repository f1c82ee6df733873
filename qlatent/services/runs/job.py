"""The interface between a worker and the work of a run: folder, heartbeat and stop request."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qlatent.services.runs import specs
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.runs.specs import RunSpec
from qlatent.store.runs.run_folder import RunFolder
from qlatent.types import Cancelled

PROGRESS_SECONDS = 0.25  # between two progress events


class Job:
    """One attempt at a run; the work returns "finished" or "stopped", and a `QlatentError` fails the run."""

    def __init__(self, folder: RunFolder, heartbeat: Heartbeat, should_stop: Callable[[], bool]) -> None:
        self.folder, self.heartbeat, self.should_stop = folder, heartbeat, should_stop
        self._told = -PROGRESS_SECONDS

    @property
    def spec(self) -> RunSpec:
        """The spec of the run."""
        return specs.of(self.folder)

    def progress(self, done: int, total: int | None) -> None:
        """Write the progress to the status, and a few times per second to the event log."""
        rate = self.heartbeat.update(done, total or 0)
        now = time.monotonic()
        if now - self._told < PROGRESS_SECONDS and done != total:
            return
        self._told = now
        left = self.heartbeat.seconds_left
        self._append({"type": "progress", "done": done, "total": total, "rate": rate, "seconds_left": left})

    def progress_or_cancel(self, done: int, total: int | None) -> None:
        """Write the progress; raises `Cancelled` if a stop was requested."""
        self.progress(done, total)
        if self.should_stop():
            raise Cancelled

    def phase(self, text: str) -> None:
        """Say what is being done where the steps do not; the rate of steps is measured anew in each phase."""
        self.heartbeat.begin(text)

    def finish(self, **metrics: Any) -> str:
        """Write the final metrics of the run; returns "finished"."""
        self._append({"type": "finish", "metrics": metrics})
        return "finished"

    def _append(self, event: dict[str, Any]) -> None:
        self.folder.append({**event, "time": time.time()})
