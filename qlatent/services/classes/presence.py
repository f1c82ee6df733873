"""Who of a class is there: each session tells it at every poll, and the catalogue is told every ten seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from qlatent.store.catalogue.records import StudentRecord
from qlatent.store.workspace import Workspace

SILENT = 30.0
"""Seconds without a sign after which a student does not count as present."""
_WRITE = 10.0
_MOST = 10_000
_written: dict[str, float] = {}
_lock = threading.Lock()


def saw(workspace: Workspace, student_id: str, *, now: float | None = None) -> None:
    """Note that a student's session is there."""
    moment = time.time() if now is None else now
    with _lock:
        if 0 <= moment - _written.get(student_id, float("-inf")) < _WRITE:
            return
        if len(_written) > _MOST:
            _written.clear()
        _written[student_id] = moment
    workspace.catalogue.classes.change_student(student_id, seen=moment)


@dataclass(frozen=True)
class Attendance:
    """Students who are there, and those who were but are silent; removed ones are in neither."""

    present: tuple[StudentRecord, ...]
    silent: tuple[StudentRecord, ...]


def of_class(workspace: Workspace, class_id: str) -> Attendance:
    """Who of a class is there now."""
    return attendance(workspace.catalogue.classes.students(class_id))


def attendance(students: Iterable[StudentRecord], *, now: float | None = None) -> Attendance:
    """Who is there now."""
    moment = time.time() if now is None else now
    there = [each for each in students if each.removed is None]
    return Attendance(
        tuple(each for each in there if moment - each.seen <= SILENT),
        tuple(each for each in there if moment - each.seen > SILENT),
    )
