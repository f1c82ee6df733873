"""Sessions of a class ask for one number every one and a half seconds, and draw anew only when it has changed."""

from __future__ import annotations

import logging

import streamlit as st

from qlatent.errors import AbsentError, StoreError
from qlatent.services.classes import opening, presence
from qlatent.services.classes.opening import ClassRecord
from qlatent.ui.shell import page

SECONDS = 1.5
_DRAWN = "class_revision"
_log = logging.getLogger("qlatent.app")


def follow(record: ClassRecord, *, student: str = "") -> None:
    """Draw the page anew once the teacher has changed something; `student` is an id whose presence is noted."""
    st.session_state[_DRAWN] = record.revision
    _poll(record.id, student)


@st.fragment(run_every=SECONDS)
def _poll(class_id: str, student: str) -> None:
    workspace = page.workspace()
    try:
        if student:
            presence.saw(workspace, student)
        revision = opening.revision(workspace, class_id)
    except AbsentError:
        revision = -1  # it was deleted: the page says so
    except StoreError:
        _log.warning("the class could not be asked", exc_info=True)
        return
    if revision != st.session_state.get(_DRAWN):
        st.session_state[_DRAWN] = revision
        st.rerun()
