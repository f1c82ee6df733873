"""Answers of a class: stored before they are shown as taken, counted, and written to a table."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from qlatent.errors import InputError
from qlatent.services.classes import joining, opening, presence, walking
from qlatent.store.catalogue.records import AnswerRecord, ClassRecord, StudentRecord
from qlatent.store.workspace import Workspace

FIRST, SECOND = 1, 2


@dataclass(frozen=True)
class Tally:
    """How a class answered one round of a question: students by answer, and how many were right."""

    answers: tuple[tuple[Any, int], ...]  # the answer and its students, most frequent first
    answered: int
    right: int


def round_of(phase: walking.Phase) -> int:
    """The round that answers belong to in this phase, the last one where none are taken."""
    return SECOND if phase in ("second", "solved") else FIRST


def give(
    workspace: Workspace, student: StudentRecord, *, lesson: str, step: str, answer: Any, right: bool
) -> AnswerRecord:
    """Store a student's answer; once this returns, it is kept.

    A class that is over, a student who was removed, a question whose answers are being shown, and a round whose
    countdown has ended raise `InputError`.
    The round is the one that the class is in at this moment.
    """
    taken: list[AnswerRecord] = []
    classes = workspace.catalogue.classes
    asked = walking.phase(classes.one(student.class_id), lesson, step)
    record = AnswerRecord(
        student.class_id, student.id, lesson, step, round_of(asked), answer, right, time.time()
    )  # fmt: skip

    def allowed(now: ClassRecord, who: StudentRecord) -> None:
        opening.check_open(now)
        joining.check_present(who)
        present = walking.phase(now, lesson, step)
        if present in ("shown", "solved") or present != asked:
            raise InputError(
                "The teacher has just gone on, so this answer was not taken.",
                remedy="Look at the screen: the question is asked differently now.",
            )
        ends = walking.deadline(now, lesson, step)
        if ends is not None and time.time() > ends:
            raise InputError(
                "The time is up, so this answer was not taken.",
                remedy="One that you gave before the end counts.",
            )
        taken.append(record)

    classes.answer(record, allowed)
    return taken[0]


def own(workspace: Workspace, student: StudentRecord, *, lesson: str, step: str) -> dict[int, AnswerRecord]:
    """A student's last answer in each round of a question."""
    found = workspace.catalogue.classes.answers(
        student.class_id, lesson=lesson, step=step, student=student.id
    )
    return {each.round: each for each in found}


def tallies(workspace: Workspace, class_id: str, *, lesson: str, step: str) -> dict[int, Tally]:
    """How the class answered a question, by round. Students who were removed do not count.

    Of the answers of one student in one round, the last counts; where the question is answered at once, the first does,
    since later ones know whether it was right.
    """
    classes = workspace.catalogue.classes
    record = classes.one(class_id)
    present = {each.id for each in classes.students(class_id) if each.removed is None}
    found = [
        each for each in classes.answers(class_id, lesson=lesson, step=step) if each.student_id in present
    ]
    at_once = f"{lesson}/{step}" not in record.phases
    counted: dict[int, dict[str, AnswerRecord]] = {}
    for each in reversed(found) if at_once else found:
        counted.setdefault(each.round, {})[each.student_id] = each
    return {round_: _tally(answers.values()) for round_, answers in sorted(counted.items())}


def counted(workspace: Workspace, class_id: str, *, lesson: str, step: str) -> tuple[int, int]:
    """How many of those present have answered a question in its present round, and how many are present."""
    classes = workspace.catalogue.classes
    present = {each.id for each in presence.of_class(workspace, class_id).present}
    phase = walking.phase(classes.one(class_id), lesson, step)
    rounds = (FIRST, SECOND) if phase == "solved" else (round_of(phase),)
    found = classes.answers(class_id, lesson=lesson, step=step)
    return len(present & {each.student_id for each in found if each.round in rounds}), len(present)


def _tally(answers: Iterable[AnswerRecord]) -> Tally:
    listed = list(answers)
    by_answer = Counter(json.dumps(each.answer, sort_keys=True) for each in listed)
    said = tuple((json.loads(answer), students) for answer, students in by_answer.most_common())
    return Tally(said, len(listed), sum(each.right for each in listed))


def table(workspace: Workspace, class_id: str, *, nicknames: bool = True) -> pd.DataFrame:
    """All answers of a class, one row each, in order; without `nicknames`, students are numbers in a drawn order."""
    classes = workspace.catalogue.classes
    students = {each.id: each.nickname for each in classes.students(class_id)}
    if not nicknames:  # ids are random, so their order tells nothing
        students = {each: f"student {number}" for number, each in enumerate(sorted(students), 1)}
    rows = [
        {
            "student": students[each.student_id],
            "lesson": each.lesson,
            "step": each.step,
            "round": each.round,
            "answer": each.answer if isinstance(each.answer, str) else json.dumps(each.answer),
            "right": each.right,
            "time": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(each.time)),
        }
        for each in classes.answers(class_id)
    ]
    columns = ["student", "lesson", "step", "round", "answer", "right", "time"]
    return pd.DataFrame(rows, columns=columns)
