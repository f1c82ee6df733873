"""Joining a class: by its code, with a nickname, and back again by the personal link."""

from __future__ import annotations

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.classes import joining, opening, secrets
from qlatent.services.classes.opening import ClassRecord
from qlatent.services.workspaces import Workspace
from qlatent.ui.shell.formatting import literal

WIDTH = 560  # of a form, in pixels
CLASS, ME, TEACHER, VIEW = "class", "me", "teacher", "view"
"""Names in the URL: the code, a student's secret, the teacher's secret, and which of her views is open."""


def ask_code(workspace: Workspace) -> None:
    """A form for the code of a class."""
    with st.form("class_code_form", border=True, width=WIDTH):
        st.markdown("#### Join a class")
        typed = st.text_input(
            "Code on the teacher's screen", key="class_code", max_chars=20, placeholder="six letters"
        )
        if not st.form_submit_button("Go to the class", type="primary", key="class_code_go"):
            return
    try:
        record = opening.found(workspace, typed)
    except QlatentError as err:
        _refused(err)
        return
    st.query_params[CLASS] = record.code
    st.rerun()


def join(workspace: Workspace, record: ClassRecord) -> None:
    """The form with which a student joins, and the sentence why that is not possible, if so."""
    st.title(literal(record.name), anchor=False)
    try:
        opening.check_open(record)
    except QlatentError as err:
        _refused(err)
        leave()
        return
    with st.form("class_join", border=True, width=WIDTH):
        st.markdown("#### Join this class")
        st.caption("Choose a name that your teacher knows. Your answers are kept under it, here only.")
        name = st.text_input("Nickname", key="class_nickname", max_chars=2 * joining.NICKNAME)
        if not st.form_submit_button("Join", type="primary", key="class_join_go"):
            return
    try:
        joined = joining.join(workspace, record.code, name)
    except QlatentError as err:
        _refused(err)
        return
    st.query_params[ME] = joined.secret
    st.rerun()


def leave() -> None:
    """A button that leads from the class to the lessons."""
    if st.button("Go to the lessons", key="class_leave", icon=":material/arrow_forward:"):
        for name in (CLASS, ME, TEACHER, VIEW):
            if name in st.query_params:
                del st.query_params[name]
        st.rerun()


def spelled(code: str) -> str:
    """A code in two groups, as it is read aloud: 'ABC DEF'."""
    half = secrets.LENGTH // 2
    return f"{code[:half]} {code[half:]}"


def _refused(err: QlatentError) -> None:
    st.error(literal(err.remedy, limit=500) or "Try again.", title=literal(err.message, limit=500))
