"""Which part of the class a link opens: joining it, a student's step, or the teacher's view."""

from __future__ import annotations

import logging

import streamlit as st

from qlatent.errors import InputError, QlatentError
from qlatent.services.classes import opening
from qlatent.services.workspaces import Workspace
from qlatent.settings import settings
from qlatent.ui.learn.classes import entry, student, teacher
from qlatent.ui.shell import page, parts

HOUR = 3600.0
_log = logging.getLogger("qlatent.app")


def draw(workspace: Workspace) -> bool:
    """Draw what the link says about a class; False if it names none, so that lessons are walked alone."""
    _swept(str(workspace.path))
    code = st.query_params.get(entry.CLASS, "")
    if not code:
        return False
    try:
        record = opening.found(workspace, code)
        secret = st.query_params.get(entry.TEACHER, "")
        if secret and not opening.is_teacher(record, secret):
            raise InputError(
                "This is not the link of this class's teacher.",
                remedy="`qlatent class open` printed it when the class was opened.",
            )
    except InputError as err:
        parts.error_card(err)
        entry.leave()
        return True
    if secret:
        teacher.draw(workspace, record)
    elif me := st.query_params.get(entry.ME, ""):
        student.visit(workspace, record, me)
    else:
        entry.join(workspace, record)
    return True


@st.cache_resource(ttl=HOUR, show_spinner=False)
def _swept(workspace: str) -> None:
    """Delete classes whose days are over, once an hour."""
    try:
        opening.sweep(page.workspace())
    except QlatentError:  # a workspace that cannot be written to says so above every page
        _log.warning("classes whose days are over could not be deleted", exc_info=True)


def joinable(workspace: Workspace) -> bool:
    """Whether there can be a class whose code somebody wishes to type."""
    return settings().classes_only or any(each.closed is None for each in opening.listed(workspace))


def hint() -> None:
    """How a class is opened, for a teacher who walks the lessons."""
    st.caption(
        "Teaching a class? `qlatent class open` opens these lessons to the laptops of a room, without accounts."
    )
