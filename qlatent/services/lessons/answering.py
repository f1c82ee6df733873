"""Answer a question of a step: what is true is computed now, from the state that the figure is in. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping

from qlatent.errors import InputError
from qlatent.services.lessons.facts import table
from qlatent.services.lessons.stage import Stage
from qlatent.store.workspace import Workspace
from qlatent.teaching import answers
from qlatent.teaching.answers import Answer, Chosen, Truth, Verdict
from qlatent.teaching.figures import Figure
from qlatent.teaching.lesson import Step
from qlatent.teaching.questions import ChoiceQuestion, GateQuestion, Question


def truth(
    workspace: Workspace, step: Step, *, figure: Figure | None = None, answer: Answer | None = None
) -> Truth:
    """What is true at a step, with its figure as it begins or in the state `figure`.

    For a question about gates `answer` are the angles that were moved. A step without a question raises `InputError`.
    """
    question, stage = _question(step), Stage(workspace, figure or step.figure, step.lesson)
    if isinstance(question, ChoiceQuestion) and question.answer:
        return Chosen(question.answer)
    if isinstance(question, GateQuestion) and answer is not None:
        stage = stage.moved(**_angles(answer))
    return table.truth_of(stage, question.fact, question.given)


def check(workspace: Workspace, step: Step, answer: Answer, *, figure: Figure | None = None) -> Verdict:
    """Whether an answer is right, with the truth and the explanation.

    An answer that cannot be one (no number, an unknown item) raises `InputError`.
    """
    return answers.judge(_question(step), truth(workspace, step, figure=figure, answer=answer), answer)


def _question(step: Step) -> Question:
    if step.question is None:
        raise InputError(f"The step {step.title!r} asks nothing.")
    return step.question


def _angles(answer: Answer) -> dict[str, float]:
    if not isinstance(answer, Mapping):
        raise InputError("The answer to this question are angles.", remedy="Move a slider.")
    return dict(answer)
