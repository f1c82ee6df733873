"""The teacher's page: the class's step and question, who is there, how they answer, and what comes next."""

from __future__ import annotations

import streamlit as st

from qlatent.errors import InputError
from qlatent.services.classes import answering, opening, walking
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.classes.walking import NEXT
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.learn import step as steps
from qlatent.ui.learn import trainer
from qlatent.ui.learn.classes import entry, following, leading, projector, room
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import ago, count, literal

PROJECTOR, PREVIEW = "projector", "preview"


def draw(workspace: Workspace, record: ClassRecord) -> None:
    """The view of the class that the URL names."""
    following.follow(record)
    try:
        lesson, step = leading.place(record)
    except InputError as err:
        _elsewhere(workspace, record, err)
        return
    view = st.query_params.get(entry.VIEW, "")
    if view == PROJECTOR:
        projector.draw(workspace, record, lesson, step)
        return
    asking = leading.tried(workspace, record, lesson, step)
    if view == PREVIEW:
        st.info(
            "This is what a student sees. Answers here are judged, but not stored.",
            icon=":material/visibility:",
        )
        _switch("Back to the class", "", key="class_preview_end", icon=":material/arrow_back:")
        steps.draw(workspace, lesson, step, asking=asking, trainer=trainer.alone(), go=_nowhere)
        return
    _header(record)
    main, side = st.columns([3, 1.15], gap="large")
    with side:
        room.invitation(record)
        room.people(record.id)
    with main:
        _leading(workspace, record, lesson, step)
        go = _go(workspace, record, lesson)
        steps.draw(workspace, lesson, step, asking=asking, trainer=trainer.alone(), go=go)


def _elsewhere(workspace: Workspace, record: ClassRecord, err: InputError) -> None:
    """What is wrong with the class's step, and a choice of other lessons."""
    _header(record)
    parts.error_card(err)
    if record.closed is None:
        _bring(workspace, record, None)
    room.people(record.id)


def _nowhere(step: str) -> None:
    st.toast("The class stays where it is: go back to lead it.")


def _go(workspace: Workspace, record: ClassRecord, lesson: Lesson):  # type: ignore[no-untyped-def]
    def go(step: str) -> None:
        with page.guarded():
            walking.bring(workspace, record.id, lesson=lesson.id, step=step)

    return go


def _header(record: ClassRecord) -> None:
    st.title(literal(record.name), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _switch("Projector", PROJECTOR, key="class_projector", icon=":material/cast:")
        _switch("See it as a student", PREVIEW, key="class_preview", icon=":material/visibility:")
        if record.closed is None:
            st.session_state["class_frozen"] = record.frozen  # another window may have switched it
            st.toggle(
                "Freeze", key="class_frozen", on_change=_freeze, args=(record.id,),
                help="Brings all students to the class's step, and keeps them there.",
            )  # fmt: skip
            _countdown(record)
        with st.popover("Answers", icon=":material/download:", key="class_export"):
            named = st.checkbox("With nicknames", value=True, key="class_export_named")
            st.download_button(
                "Download answers (CSV)", lambda: _csv(record, named), f"class-{record.code}.csv", "text/csv",
                key="class_export_file", on_click="ignore", icon=":material/download:",
            )  # fmt: skip
        if record.closed is None:
            if st.button("End the class", key="class_close", icon=":material/flag:"):
                _confirm_end(record)
        else:
            st.badge(f"Over since {ago(record.closed)}", color="orange", icon=":material/flag:")
            st.button("Go on with it", key="class_reopen", on_click=_reopen, args=(record.id,))


def _leading(workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step) -> None:
    """What the teacher does with the class on this step."""
    if record.closed is None:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="class_leading"):
            _bring(workspace, record, (lesson, step))
            if step.question is not None:
                _phases(workspace, record, lesson, step)
    if step.question is not None:
        room.answers(record.id, lesson.id, step.id)


def _bring(workspace: Workspace, record: ClassRecord, now: tuple[Lesson, Step] | None) -> None:
    """Bring everyone to the class's step, or to the lesson that is chosen."""
    there = library().lessons
    chosen = st.selectbox(
        "Lesson", there, format_func=lambda each: f"{each.title} ({each.about.minutes} min)",
        key=f"class_lesson_{record.lesson}",  # anew where another window has led the class to another lesson
        index=there.index(now[0]) if now else None, label_visibility="collapsed", placeholder="Choose a lesson",
    )  # fmt: skip
    elsewhere = now is None or chosen != now[0]
    if st.button(
        "Bring everyone to this lesson" if elsewhere else "Bring everyone here", disabled=chosen is None,
        key="class_bring", icon=":material/group:", type="primary" if elsewhere else "secondary",
        help="All students land on this step within seconds; who joins later does, too.",
    ) and chosen is not None:  # fmt: skip
        with page.guarded():
            to = chosen.steps[0] if now is None or chosen != now[0] else now[1]
            walking.bring(workspace, record.id, lesson=chosen.id, step=to.id)
            st.rerun()


def _phases(workspace: Workspace, record: ClassRecord, lesson: Lesson, step: Step) -> None:
    """What can be done next with the question."""
    for to in NEXT[walking.phase(record, lesson.id, step.id)]:
        label, told = leading.PHASES[to]
        if st.button(label, key=f"class_phase_{to or 'at_once'}", icon=leading.ICONS[to], help=told):
            with page.guarded():
                walking.set_phase(workspace, record.id, lesson=lesson.id, step=step.id, to=to)
                st.rerun()


def _countdown(record: ClassRecord) -> None:
    """How long the class has to answer, off by default."""
    st.session_state["class_countdown"] = record.countdown  # another window may have chosen it
    st.selectbox(
        "Countdown", walking.COUNTDOWNS, key="class_countdown", label_visibility="collapsed", width=180,
        format_func=lambda seconds: f"{seconds} s to answer" if seconds else "No countdown", on_change=_count,
        args=(record.id,), help="How long a round takes. Choosing it while one runs begins to count anew.",
    )  # fmt: skip


def _count(class_id: str) -> None:
    with page.guarded():
        walking.set_countdown(page.workspace(), class_id, int(st.session_state["class_countdown"]))


def _switch(label: str, view: str, *, key: str, icon: str) -> None:
    if st.button(label, key=key, icon=icon):
        if view:
            st.query_params[entry.VIEW] = view
        elif entry.VIEW in st.query_params:
            del st.query_params[entry.VIEW]
        st.rerun()


def _freeze(class_id: str) -> None:
    with page.guarded():
        walking.freeze(page.workspace(), class_id, frozen=bool(st.session_state["class_frozen"]))


def _reopen(class_id: str) -> None:
    with page.guarded():
        opening.reopen(page.workspace(), class_id)


@st.dialog("End the class?", icon=":material/flag:")
def _confirm_end(record: ClassRecord) -> None:
    st.markdown(
        "Nobody joins or answers any more. Answers can still be downloaded, and you can go on with it."
    )
    st.caption(f"What students did is deleted {count(record.keep_days, 'day')} after the end.")
    if st.button("End it", type="primary", key="class_close_yes"):
        with page.guarded():
            opening.close(page.workspace(), record.id)
            st.rerun()


def _csv(record: ClassRecord, named: bool) -> bytes:
    return csv_of(answering.table(page.workspace(), record.id, nicknames=named)).encode()
