"""The room as the teacher sees it: how to join, who is there and where, and how a question is answered so far."""

from __future__ import annotations

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.classes import answering, joining, opening, presence
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.lessons.library import library
from qlatent.ui.learn.classes import chart, entry, following, qr
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import ago, count, literal


def invitation(record: ClassRecord) -> None:
    """The code, the link and the QR code with which students join."""
    link = opening.link(record)
    with st.container(border=True, gap="small"):
        st.caption("Students join with this code at")
        st.code(link, language=None, wrap_lines=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"## {entry.spelled(record.code)}", width="content")
            qr.draw(link, width=120)


@st.fragment(run_every=following.SECONDS)
def people(class_id: str) -> None:
    """Who is there and where; it goes on by itself."""
    workspace = page.workspace()
    try:
        record = opening.one(workspace, class_id)
        there = presence.of_class(workspace, class_id)
    except QlatentError:
        return
    silent = f", {len(there.silent)} silent" if there.silent else ""
    st.markdown(f"**{count(len(there.present), 'student')} present{silent}**")
    if not there.present and not there.silent:
        st.caption("Nobody has joined yet. Show the code, or send the link.")
    places = {each.id: {step.id: n for n, step in enumerate(each.steps, 1)} for each in library().lessons}
    for group in (there.present, there.silent):
        for each in group:
            number = places.get(each.lesson, {}).get(each.step)
            same = (each.lesson, each.step) == (record.lesson, record.step)
            where = "here" if same else f"step {number}" if each.lesson == record.lesson else "another lesson"
            quiet = "" if group is there.present else f" · silent since {ago(each.seen)}"
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"{literal(each.nickname)} :gray[{where}{quiet}]", width="stretch")
                st.button(
                    "", key=f"class_remove_{each.id}", icon=":material/person_remove:", type="tertiary",
                    help=f"Remove {literal(each.nickname)}. Joining again stays possible.",
                    on_click=_remove, args=(each.id,),
                )  # fmt: skip


@st.fragment(run_every=following.SECONDS)
def answers(class_id: str, lesson_id: str, step_id: str) -> None:
    """How the question is answered so far, for the teacher alone; it goes on by itself."""
    workspace = page.workspace()
    try:
        tallies = answering.tallies(workspace, class_id, lesson=lesson_id, step=step_id)
        answered, present = answering.counted(workspace, class_id, lesson=lesson_id, step=step_id)
        question = library().lesson(lesson_id).step(step_id).question
    except QlatentError:
        return  # the page itself says why
    if question is None:
        return
    with st.expander(
        f"Answered: {answered} of {present} present", icon=":material/bar_chart:", key="class_live"
    ):
        chart.draw(question, tallies, key="class_live_chart")


def _remove(student: str) -> None:
    with page.guarded():
        joining.remove(page.workspace(), student)
