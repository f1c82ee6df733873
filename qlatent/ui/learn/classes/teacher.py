"""The teacher's page: the class's step and question, who is there, how they answer, and what comes next."""

from __future__ import annotations

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.classes import answering, joining, opening, presence, walking
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.classes.walking import NEXT
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.learn import step as steps
from qlatent.ui.learn.classes import chart, entry, following, leading, projector, qr
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import ago, count, literal

PROJECTOR, PREVIEW = "projector", "preview"


def draw(workspace: Workspace, record: ClassRecord) -> None:
    """The view of the class that the URL names."""
    following.follow(record)
    view = st.query_params.get(entry.VIEW, "")
    lesson, step = leading.place(record)
    if view == PROJECTOR:
        projector.draw(workspace, record, lesson, step)
        return
    if view == PREVIEW:
        st.info(
            "This is what a student sees. Answers here are judged, but not stored.",
            icon=":material/visibility:",
        )
        _switch("Back to the class", "", key="class_preview_end", icon=":material/arrow_back:")
        steps.draw(
            workspace, lesson, step, asking=leading.watched(workspace, record, lesson, step), go=_nowhere
        )
        return
    _header(record)
    main, side = st.columns([3, 1.15], gap="large")
    with side:
        _invitation(record)
        _people(record.id)
    with main:
        _leading(workspace, record, lesson, step)
        steps.draw(
            workspace,
            lesson,
            step,
            asking=leading.watched(workspace, record, lesson, step),
            go=_go(workspace, record, lesson),
        )


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
            st.toggle(
                "Freeze", value=record.frozen, key="class_frozen", on_change=_freeze, args=(record.id,),
                help="Keeps all students on the class's step.",
            )  # fmt: skip
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
    there = library().lessons
    chosen = st.selectbox(
        "Lesson", there, format_func=lambda each: f"{each.title} ({each.about.minutes} min)", key="class_lesson",
        index=next((n for n, each in enumerate(there) if each.id == lesson.id), 0), label_visibility="collapsed",
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        elsewhere = chosen.id != lesson.id
        if st.button(
            "Bring everyone to this lesson" if elsewhere else "Bring everyone here",
            key="class_bring", icon=":material/group:", type="primary" if elsewhere else "secondary",
            help="All students land on this step within seconds; who joins later does, too.",
        ):  # fmt: skip
            with page.guarded():
                to = chosen.steps[0].id if elsewhere else step.id
                walking.bring(workspace, record.id, lesson=chosen.id, step=to)
                st.rerun()
        if step.question is not None and record.closed is None:
            present = walking.phase(record, lesson.id, step.id)
            for to in NEXT[present]:
                label, told = leading.PHASES[to]
                if st.button(label, key=f"class_phase_{to or 'at_once'}", icon=leading.ICONS[to], help=told):
                    with page.guarded():
                        walking.set_phase(workspace, record.id, lesson=lesson.id, step=step.id, to=to)
                        st.rerun()
    if step.question is not None:
        _answers(record.id, lesson.id, step.id)


@st.fragment(run_every=following.SECONDS)
def _answers(class_id: str, lesson_id: str, step_id: str) -> None:
    """How the question is answered so far, for the teacher alone; it goes on by itself."""
    workspace = page.workspace()
    try:
        tallies = answering.tallies(workspace, class_id, lesson=lesson_id, step=step_id)
        there = presence.of_class(workspace, class_id)
        question = library().lesson(lesson_id).step(step_id).question
    except QlatentError:
        return  # the page itself says why
    if question is None:
        return
    answered = max([0, *(each.answered for each in tallies.values())])
    with st.expander(
        f"Answered: {answered} of {len(there.present)} present", icon=":material/bar_chart:", key="class_live"
    ):
        chart.draw(question, tallies, key="class_live_chart")


def _invitation(record: ClassRecord) -> None:
    link = opening.link(record)
    with st.container(border=True, gap="small"):
        st.caption("Students join with this code at")
        st.code(link, language=None, wrap_lines=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"## {entry.spelled(record.code)}", width="content")
            qr.draw(link, width=120)


@st.fragment(run_every=following.SECONDS)
def _people(class_id: str) -> None:
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
                    help=f"Remove {each.nickname}. Joining again stays possible.", on_click=_remove, args=(each.id,),
                )  # fmt: skip


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


def _remove(student: str) -> None:
    with page.guarded():
        joining.remove(page.workspace(), student)


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
        opening.close(page.workspace(), record.id)
        st.rerun()


def _csv(record: ClassRecord, named: bool) -> bytes:
    return csv_of(answering.table(page.workspace(), record.id, nicknames=named)).encode()
