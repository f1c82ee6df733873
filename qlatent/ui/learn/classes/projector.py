"""The class on a projector: large type, strong contrast, the code always on screen, and keys to go on."""

from __future__ import annotations

import streamlit as st

from qlatent.services.classes import opening, walking
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.workspaces import Workspace
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.learn import step as steps
from qlatent.ui.learn.classes import entry, leading, qr
from qlatent.ui.shell import page

STYLE = """<style>
[data-testid="stHeader"], [data-testid="stToolbar"] { display: none; }
.stMainBlockContainer { padding-top: 1rem; padding-bottom: 1rem; max-width: none; }
.st-key-class_screen p, .st-key-class_screen li, .st-key-class_screen label { font-size: 1.5rem; line-height: 1.45; }
.st-key-class_screen h1, .st-key-class_screen h2, .st-key-class_screen h3 { font-size: 2.3rem; }
.st-key-class_foot p { font-size: 1.6rem; }
</style>"""


def draw(workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step) -> None:
    """The class's step; ← and → bring everyone to another one, the space bar goes on with the question."""
    st.html(STYLE)
    place = lesson.steps.index(step)
    with st.container(key="class_screen"):
        steps.draw(
            workspace,
            lesson,
            step,
            asking=leading.watched(workspace, record, lesson, step),
            go=_stay,
            wide=True,
        )
    link = opening.link(record)
    with st.container(key="class_foot", horizontal=True, vertical_alignment="center", border=True):
        qr.draw(link, width=96)
        st.markdown(f"**{entry.spelled(record.code)}**  \n{link.split('?')[0]}", width="stretch")
        st.button(
            "Back", key="class_back", shortcut="Left", disabled=place == 0, on_click=_bring,
            args=(record.id, lesson, place - 1),
        )  # fmt: skip
        present = walking.phase(record, lesson.id, step.id)
        if step.question is not None:
            to = walking.NEXT[present][0]
            st.button(
                leading.PHASES[to][0], key="class_on", shortcut="Space", on_click=_phase,
                args=(record.id, lesson.id, step.id, to), icon=leading.ICONS[to],
            )  # fmt: skip
        st.button(
            "Next", key="class_next", shortcut="Right", disabled=place + 1 == len(lesson.steps), on_click=_bring,
            args=(record.id, lesson, place + 1), type="primary",
        )  # fmt: skip
        if st.button(
            "", key="class_projector_end", icon=":material/close_fullscreen:", help="Back to your own view"
        ):
            del st.query_params[entry.VIEW]
            st.rerun()


def _stay(step: str) -> None:
    st.toast("Use the keys ← and →.")


def _bring(class_id: str, lesson: Lesson, place: int) -> None:
    with page.guarded():
        walking.bring(page.workspace(), class_id, lesson=lesson.id, step=lesson.steps[place].id)


def _phase(class_id: str, lesson: str, step: str, to: walking.Phase) -> None:
    with page.guarded():
        walking.set_phase(page.workspace(), class_id, lesson=lesson, step=step, to=to)
