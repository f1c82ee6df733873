"""Whether a lesson can be shown, asked at every press of a class of thirty. Torch-free."""

from __future__ import annotations

import time
from pathlib import Path

from qlatent.services.lessons import preparing
from qlatent.store.workspace import Workspace
from qlatent.teaching.lesson import Lesson

HOLDS = 10.0  # seconds
_seen: dict[tuple[Path, str], tuple[Lesson, int, float]] = {}
"""Lessons that were ready, by workspace and id: with the time of the runs' folder, and until when that holds."""


def is_ready(workspace: Workspace, lesson: Lesson) -> bool:
    """Whether all that the lesson needs is there; that holds for some seconds while no run comes or goes."""
    place, runs = (workspace.path, lesson.id), workspace.runs_path.stat().st_mtime_ns
    seen = _seen.get(place)
    if seen and seen[:2] == (lesson, runs) and time.monotonic() < seen[2]:
        return True
    ready = preparing.readiness(workspace, lesson.about.needs).ready
    if ready:
        _seen[place] = (lesson, runs, time.monotonic() + HOLDS)
    return ready
