"""What the teacher's views share: the class's step, how its question is asked, and what comes next."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from qlatent.services.classes import walking
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.classes.walking import Phase
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace
from qlatent.teaching.answers import Answer, Verdict
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.learn.asking import Asking
from qlatent.ui.learn.classes import chart

PHASES: dict[Phase, tuple[str, str]] = {
    "": ("Check answers at once", "Each student is told at once whether the answer is right."),
    "first": ("Ask everyone", "Answers are collected; nobody is told yet whether they are right."),
    "shown": ("Show the answers", "Everyone sees the chart; nobody can answer meanwhile."),
    "second": ("Ask again", "Everyone answers once more, after the discussion. Both rounds are kept."),
    "solved": ("Show the solution", "Everyone sees both rounds, what is true, and why."),
}
ICONS: dict[Phase, str] = {
    "": ":material/bolt:", "first": ":material/front_hand:", "shown": ":material/bar_chart:",
    "second": ":material/replay:", "solved": ":material/lightbulb:",
}  # fmt: skip


TRIED = "class_tried"  # what the teacher answered here, by lesson, step and phase: judged, and stored nowhere else


def place(record: ClassRecord) -> tuple[Lesson, Step]:
    """Lesson and step of the class; one that is broken or was changed since raises `InputError`."""
    lesson = library().lesson(record.lesson)
    return lesson, lesson.step(record.step)


def tried(workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step) -> Asking:
    """The question as the class is asked it; what the teacher answers is judged, and not stored."""
    shown = watched(workspace, record, lesson, step)
    answers: dict[tuple[str, str, str], Answer] = st.session_state.setdefault(TRIED, {})
    place = (lesson.id, step.id, shown.phase)

    def take(answer: Answer, verdict: Verdict) -> None:
        answers[place] = answer

    return replace(shown, given=answers.get(place), take=take)


def watched(
    workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step, *, large: bool = False
) -> Asking:
    """The question as the class is asked it, for all to look at: nobody answers here."""
    phase = walking.phase(record, lesson.id, step.id)
    return Asking(
        phase=phase, chart=chart.of_step(workspace, record, lesson, step, large=large),
        deadline=walking.deadline(record, lesson.id, step.id),
    )  # fmt: skip
