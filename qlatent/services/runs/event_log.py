"""Read the event log of a run incrementally: each poll reads only new events."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.store.runs.run_folder import RunFolder

KEPT = 8  # event logs in memory at once
Columns = dict[str, NDArray[Any]]
Figures = dict[str, float | None]


class EventLog:
    """The events of one run by step; if a step was repeated after a kill, its last event counts."""

    def __init__(self) -> None:
        self.steps: dict[int, Figures] = {}
        self.evaluations: dict[int, Figures] = {}
        self.snapshots: dict[int, Figures] = {}
        self.probes: dict[int, dict[str, Any]] = {}  # linear probes of a training on images
        self.start: dict[str, Any] = {}  # the last start event
        self.finish: dict[str, Any] = {}  # the finish event, once there is one
        self._offset = 0
        self._lock = threading.Lock()

    def refresh(self, folder: RunFolder) -> None:
        """Read the events that the run has written since the last call."""
        with self._lock:
            events, self._offset = folder.events(self._offset)
            for event in events:
                self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        kind, step = event.get("type"), event.get("step", 0)
        if kind == "step":
            extra = {name: event.get(name) for name in ("epoch", "time", "rate")}
            self.steps[step] = {**event["losses"], **extra}
        elif kind == "evaluation":
            self.evaluations[step] = {"epoch": event["epoch"], **event["metrics"]}
        elif kind == "snapshot":
            self.snapshots[step] = event["metrics"]
        elif kind == "probe":
            self.probes[step] = event
        elif kind == "start":
            self.start = event
        elif kind == "finish":
            self.finish = event


_logs: OrderedDict[Path, EventLog] = OrderedDict()
_lock = threading.Lock()


def read_log(folder: RunFolder) -> EventLog:
    """The up-to-date event log of a run; calls share one object per run, so do not change it."""
    with _lock:
        found = _logs.setdefault(folder.path, EventLog())
        _logs.move_to_end(folder.path)
        while len(_logs) > KEPT:
            _logs.popitem(last=False)
    found.refresh(folder)
    return found


def columns(table: dict[int, Figures]) -> Columns:
    """Metrics by step as arrays of equal length, sorted by step; NaN where a step lacks a metric."""
    rows = sorted(table.items())  # a copy, since another thread may add events
    names = list(dict.fromkeys(name for _, figures in rows for name in figures))
    result: Columns = {"step": np.array([step for step, _ in rows], dtype=np.int64)}
    for name in names:
        values = (figures.get(name) for _, figures in rows)
        result[name] = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return result


def is_trained(folder: RunFolder) -> bool:
    """Whether the run has made its last step and written its model."""
    return bool(read_log(folder).finish) and (folder.model_path / "config.json").is_file()
