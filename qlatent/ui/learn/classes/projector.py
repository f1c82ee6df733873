"""The class on a projector: large type, strong contrast, the code always on screen, and keys to go on."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from qlatent.errors import InputError
from qlatent.services.classes import opening, walking
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.workspaces import Workspace
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.learn import asking as questions
from qlatent.ui.learn import figures, preparation
from qlatent.ui.learn import step as steps
from qlatent.ui.learn.asking import Asked
from qlatent.ui.learn.classes import entry, leading, qr, room
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import literal

HEIGHT = 370
STYLE = """<style>
[data-testid="stHeader"], [data-testid="stToolbar"] { display: none; }
.stMainBlockContainer { padding: 1rem 17.5rem 1rem 1.75rem; max-width: none; }
.st-key-class_screen p, .st-key-class_screen li, .st-key-class_screen label { font-size: 1.4rem; line-height: 1.4; }
.st-key-class_screen h3 { font-size: 2rem; padding: 0; }
.st-key-class_screen, .st-key-class_screen [data-testid="stCaptionContainer"],
.st-key-class_screen [data-testid="stCaptionContainer"] * { color: inherit; opacity: 1; }
.st-key-class_screen [data-testid="stCaptionContainer"] p { font-size: 1.15rem; }
.st-key-class_body { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.25fr); gap: 1rem 1.75rem;
  align-items: start; margin-top: .75rem; }
.st-key-class_screen [data-testid="stAlert"] p { font-size: 1.25rem; }
.st-key-class_rail { position: fixed; top: 0; right: 0; bottom: 0; width: 16rem; padding: 1rem; z-index: 10;
  overflow-y: auto; border-left: 1px solid rgba(128, 132, 145, .4); justify-content: space-between; }
.st-key-class_join p { font-size: 1.15rem; overflow-wrap: anywhere; text-align: center; }
.st-key-class_rail h1 { font-size: 2.5rem; line-height: 1.3; padding: 0; text-align: center; }
.st-key-class_rail kbd { color: inherit; opacity: 1; }
.st-key-class_rail button p { font-size: .95rem; }
@media (max-width: 900px) {
  .stMainBlockContainer { padding: 1rem; }
  .st-key-class_body { grid-template-columns: minmax(0, 1fr); }
  .st-key-class_rail { position: static; width: auto; }
}
</style>"""
"""Beside the step, a rail with the code; neither scrolls away on a screen of 1280 × 720."""


def draw(workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step) -> None:
    """The class's step; ← and → bring everyone to another one, the space bar goes on with the question."""
    st.html(STYLE)
    with st.container(key="class_screen", gap="small"):
        place = lesson.steps.index(step)
        with st.container(gap="xsmall"):
            st.caption(f"{literal(lesson.title)} · step {place + 1} of {len(lesson.steps)}")
            st.subheader(literal(step.title), anchor=False)
        if preparation.prepared(workspace, lesson):
            shown = leading.watched(workspace, record, lesson, step, large=True)
            _body(Asked(workspace, lesson, step, steps.stand(lesson, step, height=HEIGHT), shown))
        else:
            st.markdown(step.text)
            preparation.draw(lesson)
    with st.container(key="class_rail"):
        _rail(record, lesson, step, place)


@page.fragment
def _body(asked: Asked) -> None:
    """The text, or the question once it is asked; beside it the figure, or how the class answered."""
    asking = asked.asking
    charted = asking.chart is not None and asking.phase in ("shown", "solved")
    beside = charted or asked.step.figure is not None
    with st.container(key="class_body" if beside else "class_alone"):
        with st.container():
            if asking.phase == "" or asked.step.question is None:
                st.markdown(asked.step.text)
            questions.draw(replace(asked, asking=replace(asking, chart=None)))
        if charted and asking.chart is not None:
            with st.container():
                asking.chart()
        elif beside:
            with st.container():
                _figure(asked)


def _figure(asked: Asked) -> None:
    try:
        figures.draw(asked.stand)
    except InputError as err:
        parts.error_card(err)


def _rail(record: ClassRecord, lesson: Lesson, step: Step, place: int) -> None:
    """How to join, who is there, and the buttons with their keys."""
    link, over = opening.link(record), record.closed is not None
    with st.container(gap="small", horizontal_alignment="center", key="class_join"):
        st.markdown(f"**{literal(link.split('?')[0].removeprefix('http://'))}**")
        st.title(entry.spelled(record.code), anchor=False)
        qr.draw(link, width=208)
        if over:
            st.badge("This class is over", icon=":material/flag:", color="orange")
        else:
            room.there(record.id, lesson.id, step.id)
    with st.container(gap="small"):
        present = walking.phase(record, lesson.id, step.id)
        if step.question is not None and not over and present != "solved":
            to = walking.NEXT[present][0]
            st.button(
                leading.PHASES[to][0], key="class_on", shortcut="Space", on_click=_phase, width="stretch",
                args=(record.id, lesson.id, step.id, to), icon=leading.ICONS[to],
            )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Back", key="class_back", shortcut="Left", on_click=_bring, width="stretch",
                disabled=over or place == 0, args=(record.id, lesson, place - 1),
            )  # fmt: skip
            st.button(
                "Next", key="class_next", shortcut="Right", on_click=_bring, width="stretch", type="primary",
                disabled=over or place + 1 == len(lesson.steps), args=(record.id, lesson, place + 1),
            )  # fmt: skip
        if st.button(
            "Back to your own view",
            key="class_projector_end",
            icon=":material/close_fullscreen:",
            type="tertiary",
        ):
            del st.query_params[entry.VIEW]
            st.rerun()


def _bring(class_id: str, lesson: Lesson, place: int) -> None:
    with page.guarded():
        walking.bring(page.workspace(), class_id, lesson=lesson.id, step=lesson.steps[place].id)


def _phase(class_id: str, lesson: str, step: str, to: walking.Phase) -> None:
    with page.guarded():
        walking.set_phase(page.workspace(), class_id, lesson=lesson, step=step, to=to)
