"""What a worker gives to the work of a run: its folder, its heartbeat, and when to stop."""

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
    """One attempt at a run. The work returns "finished" or "stopped"; a `QlatentError` makes the run fail."""

    def __init__(self, folder: RunFolder, heartbeat: Heartbeat, should_stop: Callable[[], bool]) -> None:
        self.folder, self.heartbeat, self.should_stop = folder, heartbeat, should_stop
        self._told = -PROGRESS_SECONDS

    @property
    def spec(self) -> RunSpec:
        """What is to be done."""
        return specs.of(self.folder)

    def progress(self, done: int, total: int | None) -> None:
        """Write how far the work is: to the status, and a few times a second to the event log."""
        rate = self.heartbeat.update(done, total or 0)
        now = time.monotonic()
        if now - self._told < PROGRESS_SECONDS and done != total:
            return
        self._told = now
        left = self.heartbeat.seconds_left
        self._append({"type": "progress", "done": done, "total": total, "rate": rate, "seconds_left": left})

    def progress_or_cancel(self, done: int, total: int | None) -> None:
        """The same; raises `Cancelled` when the run is to stop."""
        self.progress(done, total)
        if self.should_stop():
            raise Cancelled

    def finish(self, **metrics: Any) -> str:
        """Write the figures that the run ends with."""
        self._append({"type": "finish", "metrics": metrics})
        return "finished"

    def _append(self, event: dict[str, Any]) -> None:
        self.folder.append({**event, "time": time.time()})
