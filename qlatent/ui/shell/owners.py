"""Who made something, and the question before somebody else's is removed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from qlatent import actors
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import literal


def made_by(owner: str) -> None:
    """Say who made something, if it was somebody else."""
    if other := actors.others(owner):
        st.warning(f"{literal(other)} made it.", icon=":material/person:")


def remove_button(label: str, name: str, owner: str, remove: Callable[[], object], *, key: str) -> None:
    """A button that removes something at once, or, if somebody else made it, after a question that names the owner."""

    def removed() -> None:
        with page.guarded():
            remove()

    if not actors.others(owner):
        st.button(label, key=key, icon=":material/delete:", on_click=removed)
    elif st.button(label, key=key, icon=":material/delete:"):
        _confirm(name, owner, removed)


def cancel_button(name: str, owner: str, cancel: Callable[[], object], *, key: str) -> None:
    """A button that cancels something at once, or, if somebody else made it, after a question that names the owner."""

    def cancelled() -> None:
        with page.guarded():
            cancel()

    if not actors.others(owner):
        st.button("Cancel", key=key, icon=":material/cancel:", on_click=cancelled)
    elif st.button("Cancel", key=key, icon=":material/cancel:"):
        _confirm_cancel(name, owner, cancelled)


@st.dialog("Cancel what somebody else made?", icon=":material/cancel:")
def _confirm_cancel(name: str, owner: str, cancel: Callable[[], None]) -> None:
    st.markdown(literal(name))
    made_by(owner)
    st.caption("What was measured until now is kept.")
    if st.button(
        "Cancel it", type="primary", key="others_cancel_yes", icon=":material/cancel:", on_click=cancel
    ):
        st.rerun()  # closes the dialog


@st.dialog("Remove what somebody else made?", icon=":material/delete:")
def _confirm(name: str, owner: str, remove: Callable[[], None]) -> None:
    st.markdown(literal(name))
    made_by(owner)
    st.caption("It can be restored for a day.")
    if st.button(
        "Remove", type="primary", key="others_remove_yes", icon=":material/delete:", on_click=remove
    ):
        st.rerun()  # closes the dialog
