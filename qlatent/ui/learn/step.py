"""One step of a lesson: its text, its live figure and its question, for whoever walks it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from qlatent.errors import InputError
from qlatent.services.workspaces import Workspace
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.learn import asking as questions
from qlatent.ui.learn import figures, links, preparation
from qlatent.ui.learn.asking import Asked, Asking
from qlatent.ui.learn.links import Stand, Standing
from qlatent.ui.learn.trainer import Trainer
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import literal

STANDINGS = "learn_standings"
HEIGHT = 440
BESIDE = """<style>
.st-key-learn_body { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.7fr); gap: 1rem 2rem;
  grid-template-areas: "text figure" "ask figure"; grid-template-rows: auto 1fr; align-items: start; }
.st-key-learn_body > :has(> .st-key-learn_text), .st-key-learn_text { grid-area: text; }
.st-key-learn_body > :has(> .st-key-learn_figure), .st-key-learn_figure { grid-area: figure; }
.st-key-learn_body > :has(> .st-key-learn_ask), .st-key-learn_ask { grid-area: ask; }
@media (max-width: 860px) {
  .st-key-learn_body { grid-template-columns: minmax(0, 1fr); grid-template-areas: "text" "figure" "ask"; }
}
</style>"""
"""Text and question on the left of the figure; on a phone the figure stands between them."""


def draw(
    workspace: Workspace,
    lesson: Lesson,
    step: Step,
    *,
    asking: Asking,
    trainer: Trainer | None = None,
    go: Callable[[str], None],
    moved: Callable[[Standing], None] = lambda standing: None,
) -> None:
    """Draw a step whose question is asked as `asking` says; with a `trainer` the person can train what it shows.

    `go` is called with the id of a step that the person wishes to see; `moved` is told how the figure stands after each
    change.
    """
    _header(lesson, step, go)
    if not preparation.prepared(workspace, lesson):
        st.markdown(step.text)
        preparation.draw(lesson)
        return
    _body(Asked(workspace, lesson, step, stand(lesson, step, moved=moved), asking, trainer))


def stand(
    lesson: Lesson,
    step: Step,
    *,
    moved: Callable[[Standing], None] = lambda standing: None,
    height: int = HEIGHT,
) -> Stand:
    """Where the figure of a step stands in this session; `moved` is told of each change."""

    def put(standing: Standing) -> None:
        keep(lesson, step, standing)
        moved(standing)

    return Stand(lambda: standing_of(lesson, step), put, height)


def standing_of(lesson: Lesson, step: Step) -> Standing:
    """How a step stands in this session, as it begins by default."""
    found: Standing = st.session_state.get(STANDINGS, {}).get((lesson.id, step.id), Standing(step.figure))
    return found


def known(lesson: Lesson, step: Step) -> bool:
    """Whether this session has changed how the step stands."""
    return (lesson.id, step.id) in st.session_state.get(STANDINGS, {})


def keep(lesson: Lesson, step: Step, standing: Standing) -> None:
    """Remember how a step stands in this session."""
    st.session_state.setdefault(STANDINGS, {})[lesson.id, step.id] = standing


def _header(lesson: Lesson, step: Step, go: Callable[[str], None]) -> None:
    place = lesson.steps.index(step)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="learn_header"):
        with st.container(gap=None, width="stretch"):
            st.caption(f"{literal(lesson.title)} · step {place + 1} of {len(lesson.steps)}")
            st.subheader(literal(step.title), anchor=False)
        before, after = lesson.steps[place - 1], lesson.steps[(place + 1) % len(lesson.steps)]
        st.button(
            "Back",
            key="learn_back",
            icon=":material/arrow_back:",
            disabled=place == 0,
            on_click=go,
            args=(before.id,),
        )
        st.button(
            "Next", key="learn_next", icon=":material/arrow_forward:", disabled=after is lesson.steps[0], on_click=go,
            args=(after.id,), type="primary",
        )  # fmt: skip
    st.progress((place + 1) / len(lesson.steps))


@page.fragment
def _body(asked: Asked) -> None:
    step = asked.step
    if step.figure is None:
        with st.container(width=760):
            st.markdown(step.text)
            questions.draw(asked)
        _link(asked)
        return
    st.html(BESIDE)
    with st.container(key="learn_body"):
        with st.container(key="learn_text"):
            st.markdown(step.text)
        with st.container(key="learn_figure"):
            drawn = _figure(asked)
        with st.container(key="learn_ask"):
            if drawn:
                questions.draw(asked)


def _figure(asked: Asked) -> bool:
    """Draw the figure and the link to its state; False if it has no such state."""
    try:
        figures.draw(asked.stand, asked.trainer)
    except InputError as err:
        parts.error_card(err)
        if st.button("Open the step as it begins", key="learn_begin", type="primary", icon=":material/undo:"):
            asked.stand.put(Standing(asked.step.figure))
            st.rerun(scope="app")
        return False
    _link(asked)
    return True


def _link(asked: Asked) -> None:
    with st.popover("Link", icon=":material/link:", key="learn_link", type="tertiary"):
        st.caption("This address opens the step exactly as it stands here.")
        address = links.link(st.context.url or "", asked.lesson, asked.step, asked.stand.now())
        st.code(address, language=None, wrap_lines=True)
