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


@st.dialog("Remove what somebody else made?", icon=":material/delete:")
def _confirm(name: str, owner: str, remove: Callable[[], None]) -> None:
    st.markdown(literal(name))
    made_by(owner)
    st.caption("It can be restored for a day.")
    if st.button(
        "Remove", type="primary", key="others_remove_yes", icon=":material/delete:", on_click=remove
    ):
        st.rerun()  # closes the dialog
