"""Walk lessons step by step: draw every figure, answer every question right and wrong. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qlatent.errors import QlatentError
from qlatent.services.lessons import answering, figures
from qlatent.store.workspace import Workspace
from qlatent.teaching import answers
from qlatent.teaching.answers import Answer, Chosen, Goal, Items, Quantity, Truth
from qlatent.teaching.lesson import Lesson, Step
from qlatent.teaching.questions import ChoiceQuestion, Question

INSIDE, OUTSIDE = 0.999, 1.001
"""Shares of the tolerance at which a number is tried: just inside, and just outside."""
STEP = 1e-6  # outside, where there is no tolerance


@dataclass(frozen=True)
class Failed:
    """A step that does not work, and why."""

    lesson: str
    step: str
    problem: str


@dataclass(frozen=True)
class Walk:
    """What was walked."""

    lessons: int
    steps: int
    questions: int
    failed: tuple[Failed, ...]


def walk(workspace: Workspace, lessons: Iterable[Lesson]) -> Walk:
    """Every step of these lessons, whose trainings must be there."""
    given = list(lessons)
    failed = [
        Failed(lesson.id, step.id, problem)
        for lesson in given
        for step in lesson.steps
        for problem in _problems(workspace, step)
    ]
    return Walk(
        len(given),
        sum(len(lesson.steps) for lesson in given),
        sum(lesson.questions for lesson in given),
        tuple(failed),
    )


def _problems(workspace: Workspace, step: Step) -> Iterator[str]:
    try:
        if step.figure is not None:
            figures.shown(workspace, step.figure)
        if step.question is not None:
            yield from _misjudged(workspace, step, step.question)
    except QlatentError as err:
        yield str(err)


def _misjudged(workspace: Workspace, step: Step, question: Question) -> Iterator[str]:
    found = answering.truth(workspace, step)
    if (
        isinstance(found, Chosen)
        and isinstance(question, ChoiceQuestion)
        and found.option not in question.options
    ):
        yield f"the fact is {found.option!r}, which is none of the options"
        return
    right, wrong = tried(question, found)
    if not right or not wrong:
        yield "there is no right answer" if not right else "there is no wrong answer"
    for expected, given in ((True, right), (False, wrong)):
        for answer in given:
            verdict = answering.check(workspace, step, answer)
            if verdict.right != expected:
                yield f"the answer {answer!r} is judged {'right' if verdict.right else 'wrong'}: {verdict.truth}"


def tried(question: Question, truth: Truth) -> tuple[list[Answer], list[Answer]]:
    """Right and wrong answers to a question: numbers just inside and just outside of the tolerance."""
    match truth:
        case Chosen():
            assert isinstance(question, ChoiceQuestion)
            return [truth.option], [each for each in question.options if each != truth.option]
        case Quantity():
            off = answers.tolerance(question, truth)
            inside = [truth.value + sign * INSIDE * off for sign in (-1, 0, 1)]
            return [*inside], [truth.value + sign * max(OUTSIDE * off, STEP) for sign in (-1, 1)]
        case Items():
            others: list[Answer] = [each for each in truth.all if each not in truth.right]
            return list(truth.right), others[:3]
        case Goal():
            return [truth.solution], [{}]  # nothing moved: the goal is not reached by itself
