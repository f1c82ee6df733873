"""Change the selection of a page from a panel: replace, narrow, add to, take out."""

from __future__ import annotations

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.selections.definitions import Definition
from qlatent.ui.selections import state
from qlatent.ui.shell import page as shell

MODES: dict[state.Mode, str] = {
    "replace": "Select",
    "intersect": "Narrow to",
    "add": "Add",
    "remove": "Take out",
}


def mode(page: str, name: str) -> state.Mode:
    """What a click on a value does; without a selection it always selects."""
    if _nothing(page):
        return "replace"
    chosen = st.segmented_control(
        "Clicking a value", list(MODES), key=f"{page}_selected_{name}_mode", format_func=MODES.__getitem__,
        default="replace", required=True, help="What a click does to the current selection.",
    )  # fmt: skip
    return chosen or "replace"


def apply(page: str, definition: Definition | None, *, mode: state.Mode = "replace") -> None:
    """Change the selection and draw the whole page again, since the map dims with it; an error is shown as a card."""
    with shell.guarded():
        state.select(page, definition, mode=mode)
        st.rerun()


def buttons(page: str, definition: Definition, *, name: str) -> None:
    """A button for each way to join a definition to the selection."""
    nothing = _nothing(page)
    with st.container(horizontal=True, gap="xsmall"):
        for each, label in MODES.items():
            key = f"{page}_selected_{name}_{each}"
            if (each == "replace" or not nothing) and st.button(label, key=key):
                apply(page, definition, mode=each)


def _nothing(page: str) -> bool:
    """Whether nothing is selected; a link that holds no selection, of which `state.rows` tells, selects nothing."""
    try:
        return state.current(page) is None
    except QlatentError:
        return True
