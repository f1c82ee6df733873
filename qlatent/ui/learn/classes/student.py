"""The page of a student: the class's step, her own answers, and the personal link."""

from __future__ import annotations

import logging
from contextlib import suppress

import streamlit as st

from qlatent.errors import AbsentError, InputError, QlatentError, StoreError
from qlatent.services.classes import answering, joining, opening, walking
from qlatent.services.classes.joining import StudentRecord
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace
from qlatent.teaching.answers import Answer, Verdict
from qlatent.teaching.lesson import Lesson, Step
from qlatent.ui.learn import links
from qlatent.ui.learn import step as steps
from qlatent.ui.learn.asking import Asking
from qlatent.ui.learn.classes import chart, entry, following, training
from qlatent.ui.learn.links import Standing
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import literal

_log = logging.getLogger("qlatent.app")


def draw(workspace: Workspace, record: ClassRecord, student: StudentRecord, secret: str) -> None:
    """The step on which the student is."""
    following.follow(record, student=student.id)
    _header(record, student, secret)
    try:
        lesson = library().lesson(student.lesson)
        step = lesson.step(student.step)
    except InputError as err:  # the lesson was changed since
        parts.error_card(err)
        _lessons(workspace, record, student)
        return

    def go(step_id: str) -> None:
        with page.guarded():
            walking.go(workspace, student, lesson=lesson.id, step=step_id)

    def moved(standing: Standing) -> None:
        said = links.query(lesson, step, standing)
        with suppress(QlatentError):  # where it cannot be kept, the figure works all the same
            walking.keep(workspace, student, said)

    _restore(lesson, step, student)
    steps.draw(
        workspace,
        lesson,
        step,
        asking=asking(workspace, record, student, lesson, step),
        go=go,
        moved=moved,
        trainer=training.of_student(workspace, student),
    )
    _lessons(workspace, record, student)


def asking(
    workspace: Workspace, record: ClassRecord, student: StudentRecord, lesson: Lesson, step: Step
) -> Asking:
    """How the class asks the question of a step, and where the student's answer goes."""
    here = {"lesson": lesson.id, "step": step.id}
    phase = walking.phase(record, **here)
    given = answering.own(workspace, student, **here) if step.question else {}
    last = given.get(answering.round_of(phase))
    if phase == "solved" and last is None:
        last = given.get(answering.FIRST)

    def take(answer: Answer, verdict: Verdict) -> None:
        try:
            answering.give(workspace, student, **here, answer=answer, right=verdict.right)
        except AbsentError:
            raise
        except StoreError as err:  # names files and addresses of the teacher's machine
            _log.error("an answer could not be stored: %s", err.message)
            raise InputError(
                "Your answer was not stored: the teacher's machine cannot write at the moment.",
                remedy="Press again. If it stays so, tell your teacher: the disk may be full.",
            ) from err

    return Asking(
        phase=phase,
        given=None if last is None else last.answer,
        take=take,
        chart=chart.of_step(workspace, record, lesson, step),
        deadline=walking.deadline(record, **here),
    )


def _restore(lesson: Lesson, step: Step, student: StudentRecord) -> None:
    """Let the figure stand as the student left it, in a session that does not know."""
    if student.state and not steps.known(lesson, step):
        with suppress(InputError):  # the lesson was changed since
            _, standing = links.read(lesson, student.state)
            steps.keep(lesson, step, standing)


def _header(record: ClassRecord, student: StudentRecord, secret: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(literal(record.name), icon=":material/school:", color="blue")
        st.badge(literal(student.nickname), icon=":material/person:", color="gray")
        if record.closed is not None:
            st.badge("This class is over", icon=":material/flag:", color="orange")
        elif record.frozen:
            st.badge("The teacher asks everyone to stay here", icon=":material/pause:", color="orange")
        with st.popover("My link", icon=":material/link:", type="tertiary", key="class_my_link"):
            st.caption("Opens this step on another device, or after a restart. Keep it to yourself.")
            st.code(opening.link(record, me=secret), language=None, wrap_lines=True)


def _lessons(workspace: Workspace, record: ClassRecord, student: StudentRecord) -> None:
    """The other lessons, where the class lets its students walk by themselves."""
    if record.frozen and record.closed is None:
        return
    there = library().lessons
    with st.expander("Other lessons", icon=":material/menu_book:"):
        chosen = st.selectbox(
            "Lesson", there, format_func=lambda each: f"{each.title} ({each.about.minutes} min)",
            key=f"class_lesson_{student.lesson}",
            index=next((n for n, each in enumerate(there) if each.id == student.lesson), 0),
        )  # fmt: skip
        if st.button("Open it", key="class_lesson_open"):
            try:
                walking.go(workspace, student, lesson=chosen.id, step=chosen.steps[0].id)
            except QlatentError as err:
                parts.error_card(err)
                return
            st.rerun()


def visit(workspace: Workspace, record: ClassRecord, secret: str) -> None:
    """Draw the step of the student with this secret, or say why there is none and let her join."""
    try:
        student = joining.returning(workspace, secret)
        if student.class_id != record.id:
            raise InputError("This personal link is that of another class.", remedy="Join this one.")
    except InputError as err:
        parts.error_card(err)
        entry.join(workspace, record)
        return
    draw(workspace, record, student, secret)
