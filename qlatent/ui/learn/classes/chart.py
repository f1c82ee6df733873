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
from qlatent.teaching.answers import Chosen
from qlatent.teaching.lesson import Lesson, Step
from qlatent.teaching.questions import ChoiceQuestion, NumberQuestion, Question
from qlatent.ui.learn.asking import LETTERS, SHAPES
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
    figure = answers.bars(bars, rounds=list(found), large=large)
    said = "; ".join(
        f"{answers.ROUNDS[number]}: {count(each.answered, 'answer')}" for number, each in found.items()
    )
    st.plotly_chart(figure, key=key, config=CONFIG, alt=f"How the class answered. {said}")
    if right is not None or not isinstance(question, ChoiceQuestion):
        st.caption(
            " · ".join(
                f"{answers.ROUNDS[number]}: {each.right} of {each.answered} right"
                for number, each in found.items()
            )
        )


def of_step(
    workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step
) -> Callable[[], None] | None:
    """What draws the chart of a step's question, while the class is to see it; else None."""
    question, phase = step.question, walking.phase(record, lesson.id, step.id)
    if question is None or phase not in ("shown", "second", "solved"):
        return None

    def shown() -> None:
        found = tallies(workspace, record.id, lesson=lesson.id, step=step.id)
        if phase == "second":  # this round is not over: nobody sees it yet
            found.pop(SECOND, None)
        draw(question, found, key="class_chart", right=right(workspace, step) if phase == "solved" else None)

    return shown


def right(workspace: Workspace, step: Step) -> str:
    """The right option of a choice, as it is true now; "" for other questions."""
    found = answering.truth(workspace, step)
    return found.option if isinstance(found, Chosen) else ""


def _bars(question: Question, tallies: Mapping[int, Tally], right: str | None) -> list[Bar]:
    counted = {
        number: Counter({_label(question, said): n for said, n in each.answers})
        for number, each in tallies.items()
    }
    if isinstance(question, ChoiceQuestion):  # every option, also those that nobody chose
        return [
            Bar(
                _label(question, option),
                {n: found[_label(question, option)] for n, found in counted.items()},
                option == right,
            )
            for option in question.options
        ]
    total: Counter[str] = sum(counted.values(), Counter())
    labels = [label for label, _ in total.most_common(MOST)]
    if isinstance(question, NumberQuestion):
        labels.sort(key=_number)
    bars = [Bar(label, {n: found[label] for n, found in counted.items()}) for label in labels]
    rest = {n: found.total() - sum(found[label] for label in labels) for n, found in counted.items()}
    if any(rest.values()):
        bars.append(Bar(REST, rest))
    return bars


def _label(question: Question, answer: Any) -> str:
    if isinstance(question, ChoiceQuestion):
        place = list(question.options).index(answer) if answer in question.options else -1
        return f"{LETTERS[place]} {SHAPES[place]}  {question.options[answer]}" if place >= 0 else REST
    if isinstance(answer, Mapping):
        return ", ".join(f"{name} {value:.2f}" for name, value in sorted(answer.items()))
    return str(answer)


def _number(label: str) -> float:
    try:
        return float(label)
    except ValueError:
        return float("inf")
