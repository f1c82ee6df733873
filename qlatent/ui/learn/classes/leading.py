"""What the teacher's views share: the class's step, how its question is asked, and what comes next."""

from __future__ import annotations

from qlatent.errors import InputError
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
    "shown": ("Show how the class answered", "Everyone sees the chart; nobody can answer meanwhile."),
    "second": ("Ask again", "Everyone answers once more, after the discussion. Both rounds are kept."),
    "solved": ("Show the solution", "Everyone sees both rounds, what is true, and why."),
}
ICONS: dict[Phase, str] = {
    "": ":material/bolt:", "first": ":material/front_hand:", "shown": ":material/bar_chart:",
    "second": ":material/replay:", "solved": ":material/lightbulb:",
}  # fmt: skip


def place(record: ClassRecord) -> tuple[Lesson, Step]:
    """Lesson and step of the class; where the lesson was changed since, its first step."""
    try:
        lesson = library().lesson(record.lesson)
    except InputError:
        lesson = library().lessons[0]
    return lesson, next((each for each in lesson.steps if each.id == record.step), lesson.steps[0])


def watched(workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step) -> Asking:
    """The question as the class is asked it; an answer is judged and not stored."""
    here = {"lesson": lesson.id, "step": step.id}
    phase = walking.phase(record, **here)

    return Asking(
        phase=phase,
        given=None,
        take=_unstored,
        chart=chart.of_step(workspace, record, lesson, step),
    )


def _unstored(answer: Answer, verdict: Verdict) -> None:
    return None
