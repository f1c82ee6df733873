"""Where a class and each of its students are, and how the question of a step is asked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

from qlatent.errors import InputError
from qlatent.services.classes import joining, opening
from qlatent.store.catalogue.records import ClassRecord, StudentRecord
from qlatent.store.workspace import Workspace

Phase = Literal["", "first", "shown", "second", "solved"]
"""How a question is asked in a class.

"" is at once: each student is told whether the answer is right. In "first" answers are collected, in "shown" the class
sees how it answered, in "second" it answers again, and in "solved" it sees both rounds and the solution.
"""
NEXT: Mapping[Phase, tuple[Phase, ...]] = {
    "": ("first", "solved"),
    "first": ("shown", "solved", ""),
    "shown": ("second", "solved", ""),
    "second": ("solved", ""),
    "solved": ("",),
}
"""What the teacher can do next with a question."""
COLLECTING: tuple[Phase, ...] = ("first", "second")
COUNTDOWNS = (0, 30, 60, 120)
"""Seconds that a class can be given to answer; 0 is no end."""


def phase(record: ClassRecord, lesson: str, step: str) -> Phase:
    """How the class is asked this question at present."""
    return record.phases.get(f"{lesson}/{step}", "")  # type: ignore[return-value]


def set_phase(workspace: Workspace, class_id: str, *, lesson: str, step: str, to: Phase) -> ClassRecord:
    """Ask the question in another way; a step that does not follow from the present one raises `InputError`.

    Asking for the same again does nothing, so that a second press does no harm. With a countdown a round has an end.
    """
    place = f"{lesson}/{step}"

    def change(record: ClassRecord) -> dict[str, Any]:
        opening.check_open(record)
        present = phase(record, lesson, step)
        if to not in (present, *NEXT[present]):
            raise InputError(
                f"A question that is {present or 'asked at once'!r} cannot become {to or 'asked at once'!r}.",
                remedy="Look at the question again: another window may have gone on.",
            )
        if to == present:
            return {}
        return {
            "phases": record.phases | {place: to},
            "deadlines": _deadlines(record, place, record.countdown if to in COLLECTING else 0),
        }

    return workspace.catalogue.classes.change(class_id, change)


def set_countdown(workspace: Workspace, class_id: str, seconds: int) -> ClassRecord:
    """Give the class so many seconds to answer from now on, 0 for no end.

    It holds for the round that runs on the class's step, too, which begins to count anew.
    """
    if seconds not in COUNTDOWNS:
        raise InputError(
            f"There is no countdown of {seconds} s.",
            remedy=f"Choose one of {', '.join(map(str, COUNTDOWNS))}.",
        )

    def change(record: ClassRecord) -> dict[str, Any]:
        opening.check_open(record)
        runs = phase(record, record.lesson, record.step) in COLLECTING
        deadlines = _deadlines(record, f"{record.lesson}/{record.step}", seconds if runs else 0)
        return {"countdown": seconds, "deadlines": deadlines}

    return workspace.catalogue.classes.change(class_id, change)


def deadline(record: ClassRecord, lesson: str, step: str) -> float | None:
    """When the round that runs on a step ends, in unix seconds; None if the teacher ends it."""
    return record.deadlines.get(f"{lesson}/{step}")


def _deadlines(record: ClassRecord, place: str, seconds: int) -> dict[str, float]:
    others = {each: when for each, when in record.deadlines.items() if each != place}
    return others | ({place: time.time() + seconds} if seconds else {})


def bring(workspace: Workspace, class_id: str, *, lesson: str, step: str) -> ClassRecord:
    """Bring everyone to a step; who joins later lands on it, too."""
    opening.check_open(workspace.catalogue.classes.one(class_id))
    return workspace.catalogue.classes.bring(class_id, lesson=lesson, step=step)


def freeze(workspace: Workspace, class_id: str, *, frozen: bool) -> ClassRecord:
    """Bring all students to the class's step and keep them there, or let them walk on by themselves."""
    record = workspace.catalogue.classes.change(class_id, lambda _: {"frozen": frozen})
    if frozen and record.closed is None:
        return bring(workspace, class_id, lesson=record.lesson, step=record.step)
    return record


def go(workspace: Workspace, student: StudentRecord, *, lesson: str, step: str) -> StudentRecord:
    """Put a student on a step; in a frozen class another one than the class's raises `InputError`.

    `student` is as the page was drawn: who was brought elsewhere since then stays there.
    """
    record = workspace.catalogue.classes.one(student.class_id)
    if record.frozen and record.closed is None and (lesson, step) != (record.lesson, record.step):
        raise InputError("The teacher asks everyone to stay on this step.", remedy="Wait for a moment.")
    joining.check_present(student)
    return workspace.catalogue.classes.move_student(
        student, lesson=lesson, step=step, state={}, seen=time.time()
    )


def keep(workspace: Workspace, student: StudentRecord, state: Mapping[str, Any]) -> StudentRecord:
    """Keep how the figure stands on the student's step, unless the student was brought elsewhere since then."""
    return workspace.catalogue.classes.move_student(student, state=dict(state), seen=time.time())
