"""How a class answered a question, as a bar chart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from qlatent.plots import answers
from qlatent.plots.answers import Bar
from qlatent.services.classes import walking
from qlatent.services.classes.answering import SECOND, Tally, tallies
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.lessons import answering
from qlatent.services.workspaces import Workspace
from qlatent.teaching.answers import Chosen, number
from qlatent.teaching.lesson import Lesson, Step
from qlatent.teaching.questions import LETTERS, SHAPES, ChoiceQuestion, NumberQuestion, Question
from qlatent.ui.learn.asking import said
from qlatent.ui.shell import parts
from qlatent.ui.shell.formatting import count

MOST = 8
CONFIG = {"displayModeBar": False, "staticPlot": True}
REST = "other answers"


def draw(
    question: Question,
    found: Mapping[int, Tally],
    *,
    key: str,
    right: str | None = None,
    large: bool = False,
) -> None:
    """The answers of each round, or that there is none. `right` is the right option, once the solution is shown."""
    if not found:
        st.caption("Nobody has answered yet.")
        return
    bars = _bars(question, found, right)
    figure = answers.bars(bars, rounds=list(found), ink=parts.ink(), large=large)
    told = "; ".join(
        f"{answers.ROUNDS[each]}: {count(tally.answered, 'answer')}" for each, tally in found.items()
    )
    st.plotly_chart(figure, key=key, config=CONFIG, alt=f"How the class answered. {told}")
    if right is not None or not isinstance(question, ChoiceQuestion):
        st.caption(
            " · ".join(
                f"{answers.ROUNDS[each]}: {tally.right} of {tally.answered} right"
                for each, tally in found.items()
            )
        )


def of_step(
    workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step, *, large: bool = False
) -> Callable[[], None] | None:
    """What draws the chart of a step's question, while the class is to see it; else None."""
    question, phase = step.question, walking.phase(record, lesson.id, step.id)
    if question is None or phase not in ("shown", "second", "solved"):
        return None

    def shown() -> None:
        found = tallies(workspace, record.id, lesson=lesson.id, step=step.id)
        if phase == "second":  # this round is not over: nobody sees it yet
            found.pop(SECOND, None)
        true = right(workspace, step) if phase == "solved" else None
        draw(question, found, key="class_chart", right=true, large=large)

    return shown


def right(workspace: Workspace, step: Step) -> str:
    """The right option of a choice, as it is true now; "" for other questions."""
    found = answering.truth(workspace, step)
    return found.option if isinstance(found, Chosen) else ""


def _bars(question: Question, tallies: Mapping[int, Tally], right: str | None) -> list[Bar]:
    counted = {number: _counted(question, each) for number, each in tallies.items()}
    if isinstance(question, ChoiceQuestion):  # every option, also those that nobody chose
        return [
            Bar(label, {n: found[label] for n, found in counted.items()}, option == right)
            for option, label in ((each, _label(question, each)) for each in question.options)
        ]
    total: Counter[str] = sum(counted.values(), Counter())
    labels = [label for label, _ in total.most_common(MOST)]
    if isinstance(question, NumberQuestion):
        labels.sort(key=float)
    bars = [Bar(label, {n: found[label] for n, found in counted.items()}) for label in labels]
    rest = {n: found.total() - sum(found[label] for label in labels) for n, found in counted.items()}
    if any(rest.values()):
        bars.append(Bar(REST, rest))
    return bars


def _counted(question: Question, tally: Tally) -> Counter[str]:
    """The students of each bar: answers that say the same, such as 0.5 and 0,50, are one."""
    found: Counter[str] = Counter()
    for answer, students in tally.answers:
        found[_label(question, answer)] += students
    return found


def _label(question: Question, answer: Any) -> str:
    if isinstance(question, ChoiceQuestion):  # the options stand beside the chart with the same letters
        place = list(question.options).index(answer) if answer in question.options else -1
        return f"{LETTERS[place]} {SHAPES[place]}" if place >= 0 else REST
    return f"{number(answer):g}" if isinstance(question, NumberQuestion) else said(answer)
