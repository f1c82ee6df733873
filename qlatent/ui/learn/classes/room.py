"""The room as the teacher sees it: how to join, who is there and where, and how a question is answered so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.classes import answering, joining, opening, presence, trainings
from qlatent.services.classes.joining import StudentRecord
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.lessons.library import library
from qlatent.ui.learn.classes import chart, entry, following, qr
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import ago, count, literal

ROWS = "<style>[class*=st-key-class_s-] { flex-wrap: nowrap; }</style>"  # the button stays beside the name
MANY, HEIGHT = 12, 460  # a list of more students scrolls within so many pixels


def invitation(record: ClassRecord) -> None:
    """The code, the link and the QR code with which students join."""
    link = opening.link(record)
    with st.container(border=True, gap="small"):
        st.caption("Students join with this code at")
        st.code(link, language=None, wrap_lines=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"## {entry.spelled(record.code)}", width="content")
            qr.draw(link, width=130)


@st.fragment(run_every=following.SECONDS)
def people(class_id: str) -> None:
    """Who is there and where; it goes on by itself."""
    workspace = page.workspace()
    try:
        record = opening.one(workspace, class_id)
        there = presence.of_class(workspace, class_id)
        told = trainings.under_way(workspace, class_id)
    except QlatentError:
        return
    silent = f", {len(there.silent)} silent" if there.silent else ""
    st.markdown(f"**{count(len(there.present), 'student')} present{silent}**")
    if there.present:
        st.caption(f":material/speed: {pace(there.present, record)}")
    if told.running or told.waiting:
        st.caption(
            f":material/model_training: Their trainings: {told.running} running, {told.waiting} waiting"
        )
    if not there.present and not there.silent:
        st.caption("Nobody has joined yet. Show the code, or send the link.")
    listed = [*there.present, *there.silent]
    st.html(ROWS)
    with st.container(height=HEIGHT if len(listed) > MANY else "content", gap=None, border=False):
        for each in listed:
            _person(each, _where(each, record), silent=each in there.silent)


def pace(students: Sequence[StudentRecord], record: ClassRecord) -> str:
    """How many students are on which step of the class's lesson, in its order, and how many are elsewhere."""
    ids = [step.id for each in library().lessons if each.id == record.lesson for step in each.steps]
    on = Counter(each.step for each in students if each.lesson == record.lesson)
    said = [
        f"{'**' if step == record.step else ''}step {place}: {on[step]}{'**' if step == record.step else ''}"
        for place, step in enumerate(ids, start=1)
        if on[step] or step == record.step
    ]
    elsewhere = len(students) - sum(on[step] for step in ids)
    return " · ".join([*said, *([f"elsewhere: {elsewhere}"] if elsewhere else [])])


def _where(student: StudentRecord, record: ClassRecord) -> str:
    """The student's step, as it concerns the class."""
    if (student.lesson, student.step) == (record.lesson, record.step):
        return "here"
    if student.lesson != record.lesson:
        return "another lesson"
    ids = [step.id for each in library().lessons if each.id == student.lesson for step in each.steps]
    return f"step {ids.index(student.step) + 1}" if student.step in ids else "another step"


def _person(student: StudentRecord, where: str, *, silent: bool) -> None:
    quiet = f" · silent, {ago(student.seen)}" if silent else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"class_{student.id}"):
        st.markdown(f"{literal(student.nickname)} :gray[{where}{quiet}]", width="stretch")
        st.button(
            "", key=f"class_remove_{student.id}", icon=":material/person_remove:", type="tertiary",
            help=f"Remove {literal(student.nickname)}. Joining again stays possible.",
            on_click=_remove, args=(student.id,),
        )  # fmt: skip


@st.fragment(run_every=following.SECONDS)
def there(class_id: str, lesson_id: str, step_id: str) -> None:
    """How many students are there, and how many of them have answered, in one line; it goes on by itself."""
    try:
        answered, present = answering.counted(page.workspace(), class_id, lesson=lesson_id, step=step_id)
        question = library().lesson(lesson_id).step(step_id).question
    except QlatentError:
        return  # the page itself says why
    said = count(present, "student")
    st.markdown(f"**{said}**" if question is None else f"**{answered} of {said} answered**")


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
