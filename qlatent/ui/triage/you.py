"""Who works on this page: the name that decisions are stored under, and what the name likes."""

from __future__ import annotations

import streamlit as st

from qlatent.services.triage import people
from qlatent.ui.shell import page, url_state, who
from qlatent.ui.shell.formatting import literal
from qlatent.ui.triage import addresses

name = who.name


def blurs() -> bool:
    """Whether pictures come blurred for this name; they do unless it was changed."""
    return bool(people.personal(page.workspace(), name()).get("blur", True))


def control() -> None:
    """Draw the control for the name and its settings."""
    with st.popover(f"You are {literal(name(), limit=40)}", key="triage_you", icon=":material/person:"):
        st.session_state["triage_you_name"] = name()
        st.text_input(
            "Your name", key="triage_you_name", max_chars=people.LONGEST_NAME, on_change=_renamed,
            disabled=bool(who.signed_in()),
            help="Your name from sign-in. Decisions are stored under it." if who.signed_in() else
            "Decisions are stored under this name. It holds for this browser tab.",
        )  # fmt: skip
        who.sign_out()
        st.session_state["triage_you_blur"] = blurs()
        st.toggle(
            "Blur pictures until I show them", key="triage_you_blur", on_change=_blur_changed,
            help="Kept for your name. Blurring may spare you something, but studies disagree on whether it protects; "
            "deciding groups at once shows you fewer pictures.",
        )  # fmt: skip


def _renamed() -> None:
    st.session_state[who.NAME] = st.session_state["triage_you_name"].strip()
    url_state.put(addresses.CASE, None)  # it is the case of the name before


def _blur_changed() -> None:
    with page.guarded():
        people.keep_personal(page.workspace(), name(), {"blur": st.session_state["triage_you_blur"]})
