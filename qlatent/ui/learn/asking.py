"""The question of a step: its widget, the answer that was given, and the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.lessons import answering
from qlatent.services.workspaces import Workspace
from qlatent.teaching.answers import Answer, Goal, Verdict, in_words
from qlatent.teaching.figures import Figure
from qlatent.teaching.lesson import Lesson, Step
from qlatent.teaching.questions import (
    LETTERS,
    SHAPES,
    ChoiceQuestion,
    GateQuestion,
    NumberQuestion,
    PointQuestion,
)
from qlatent.ui.learn import countdown
from qlatent.ui.learn.links import Stand
from qlatent.ui.learn.trainer import Trainer
from qlatent.ui.shell.formatting import literal

COLLECTED = ("first", "second")  # phases in which answers are taken and no verdict is shown
VERDICTS = "learn_verdicts"  # what was found when an answer was given: its figure may have moved on since


@dataclass(frozen=True)
class Asking:
    """How a question is asked.

    `phase` is "" (an answer is checked at once), "first" or "second" (answers are collected, no verdict is shown),
    "shown" (none is taken) or "solved" (the solution is shown). `given` is the last stored answer. `take` stores one
    and may raise `QlatentError`: then it does not show as taken; without it the question is only shown, as on a
    projector. `chart` draws how others answered. After `deadline`, in unix seconds, no answer is collected.
    """

    phase: str = ""
    given: Answer | None = None
    take: Callable[[Answer, Verdict], None] | None = None
    chart: Callable[[], None] | None = None
    deadline: float | None = None

    @property
    def timed_out(self) -> bool:
        """Whether the time to answer is up."""
        return self.phase in COLLECTED and self.deadline is not None and time.time() > self.deadline


@dataclass(frozen=True)
class Asked:
    """A question on the page, with the figure that it is about."""

    workspace: Workspace
    lesson: Lesson
    step: Step
    stand: Stand
    asking: Asking
    trainer: Trainer | None = None

    @property
    def open(self) -> bool:
        """Whether an answer is taken now."""
        asking = self.asking
        if asking.phase in COLLECTED:
            return not asking.timed_out
        return asking.phase == "" and asking.given is None

    @property
    def about(self) -> Figure | None:
        """The figure that the question is about."""
        return self.step.asked_about(self.stand.figure) if self.stand.figure else None

    def check(self, answer: Answer) -> Verdict:
        """The verdict on an answer with the figure as it stands; `InputError` for what cannot be one."""
        return answering.check(self.workspace, self.step, answer, figure=self.about)

    def give(self, answer: Answer) -> None:
        """Check and store an answer; where that is refused, say why."""
        assert self.asking.take is not None
        try:
            verdict = self.check(answer)
            self.asking.take(answer, verdict)
        except QlatentError as err:
            st.error(literal(err.remedy, limit=500) or "Try again.", title=literal(err.message, limit=500))
            return
        st.session_state.setdefault(VERDICTS, {})[self.lesson.id, self.step.id] = (answer, verdict)
        st.rerun(scope="app")

    def verdict(self) -> Verdict | None:
        """What was found when the stored answer was given, else what is found now; None without an answer."""
        given = self.asking.given
        if given is None:
            return None
        before, verdict = st.session_state.get(VERDICTS, {}).get((self.lesson.id, self.step.id), (None, None))
        return verdict if before == given else self.check(given)


def draw(asked: Asked) -> None:
    """Draw the question with its widget, how others answered, and the verdict once it is to be seen."""
    question, asking = asked.step.question, asked.asking
    if question is None:
        return
    with st.container(border=True, key="learn_question", gap="small"):
        st.markdown(f"**{question.ask}**")
        _other_seeds(asked)
        if asking.timed_out:
            st.markdown("**:material/timer_off: The time is up**")
        elif asking.phase in COLLECTED and asking.deadline is not None:
            countdown.draw(asking.deadline)
        _answering(asked)
        if asking.timed_out and asking.given is not None:
            st.caption(":material/check: Your answer is taken.")
        elif asking.timed_out and asking.take is not None:
            st.caption(":material/lock: No answer was given in time. Wait for what comes next.")
        elif asking.phase in COLLECTED and asking.given is not None:
            st.caption(":material/check: Your answer is taken. You can change it until the round ends.")
        elif asking.phase == "shown" and asking.take is not None:
            st.caption(":material/lock: Answers are not taken at the moment.")
        if asking.chart is not None:
            asking.chart()
        if asking.phase in ("", "solved"):
            _verdict(asked)


def _other_seeds(asked: Asked) -> None:
    """Say which trainings the question is about, where the figure shows others."""
    if asked.about != asked.stand.figure:
        st.caption(
            ":material/info: This question is about the trainings with which the step begins, not about those that you "
            "have chosen at the figure."
        )


def _answering(asked: Asked) -> None:
    """What the question is answered with; where no answer is taken, its options and the one that was given."""
    question = asked.step.question
    if not asked.open or asked.asking.take is None:
        _closed(asked)
        return
    match question:
        case ChoiceQuestion():
            _choice(asked, question)
        case NumberQuestion():
            _number(asked, question)
        case PointQuestion():
            _point(asked)
        case GateQuestion():
            _gate(asked)


def _closed(asked: Asked) -> None:
    question, given = asked.step.question, asked.asking.given
    if isinstance(question, ChoiceQuestion):
        for name in question.options:
            own = " :blue-badge[your answer]" if name == given else ""
            st.markdown(f"{option(question, name)}{own}")
    elif given is not None:
        st.markdown(f"Your answer: **{literal(said(given))}**")


def said(answer: Answer) -> str:
    """An answer that is no option in words."""
    if isinstance(answer, Mapping):
        return ", ".join(f"{name} = {value:.2f}" for name, value in sorted(answer.items()))
    return str(answer)


def option(question: ChoiceQuestion, name: str) -> str:
    """An option with its letter and its shape."""
    place = list(question.options).index(name)
    return f"**{LETTERS[place]}** {SHAPES[place]} {question.options[name]}"


def _choice(asked: Asked, question: ChoiceQuestion) -> None:
    options = list(question.options)
    given = asked.asking.given if asked.asking.given in options else None
    with _form():
        chosen = st.radio(
            "Options", options, index=None if given is None else options.index(str(given)), key=_key(asked, "choice"),
            format_func=lambda name: option(question, name), label_visibility="collapsed",
        )  # fmt: skip
        pressed = _button(asked)
    if pressed and chosen is None:
        st.error("Choose one of the options first.")
    elif pressed:
        asked.give(str(chosen))


def _number(asked: Asked, question: NumberQuestion) -> None:
    given = asked.asking.given
    with _form():
        typed = st.text_input(
            f"Your answer{f', in {question.unit}' if question.unit else ''}",
            value="" if given is None else str(given), key=_key(asked, "number"), max_chars=40,
            autocomplete="off",
        )  # fmt: skip
        pressed = _button(asked)
    if pressed:
        asked.give(typed)


def _point(asked: Asked) -> None:
    item = asked.stand.figure.item
    picked = item and item != getattr(asked.step.figure, "item", "")
    st.markdown(
        f"Picked: **{literal(item)}**"
        if picked
        else ":material/ads_click: Click a point of the map, or a row of its table."
    )
    if st.button(
        _label(asked), key="learn_answer", type="primary", disabled=not picked, icon=":material/check:"
    ):
        asked.give(item)


def _gate(asked: Asked) -> None:
    figure = asked.stand.figure
    moved = {name: figure.angles[name] for name in figure.move if name in figure.angles}
    found = answering.truth(asked.workspace, asked.step, figure=figure, answer=moved)
    assert isinstance(found, Goal)
    st.markdown(f":material/target: Now it is **{found.value:.2f}**. Move the slider at the figure.")
    if asked.asking.phase in COLLECTED:
        if st.button(_label(asked), key="learn_answer", type="primary", icon=":material/check:"):
            asked.give(moved)
    elif asked.check(moved).right or st.button(
        "Show a solution", key="learn_give_up", type="tertiary", icon=":material/lightbulb:"
    ):
        asked.give(moved)


def _verdict(asked: Asked) -> None:
    verdict, question = asked.verdict(), asked.step.question
    if verdict is None and question is not None and asked.asking.phase == "solved":
        truth = in_words(question, answering.truth(asked.workspace, asked.step, figure=asked.about))
        st.info(question.explain, title=f"It is: {literal(truth, limit=500)}", icon=":material/lightbulb:")
    elif verdict is not None and verdict.right:
        st.success(
            verdict.explanation,
            title=f"Right: {literal(verdict.truth, limit=500)}",
            icon=":material/check_circle:",
        )
    elif verdict is not None:
        st.warning(
            verdict.explanation,
            title=f"Not quite. It is: {literal(verdict.truth, limit=500)}",
            icon=":material/cancel:",
        )


def _form():  # type: ignore[no-untyped-def]
    return st.form("learn_form", border=False)


def _button(asked: Asked) -> bool:
    return st.form_submit_button(_label(asked), key="learn_answer", type="primary", icon=":material/check:")


def _label(asked: Asked) -> str:
    return "Answer" if asked.asking.given is None else "Change my answer"


def _key(asked: Asked, kind: str) -> str:
    return f"learn_{kind}_{asked.lesson.id}_{asked.step.id}_{asked.asking.phase}"
