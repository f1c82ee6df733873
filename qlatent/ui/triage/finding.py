"""Finding a case of a queue by its id or by words."""

from __future__ import annotations

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.triage import cases
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import literal
from qlatent.ui.triage import acting, words

WORDS = "triage_find"


def finding(view: QueueView) -> None:
    """Draw the field, and what it found."""
    with st.container(key="triage_search", gap="xsmall"):
        asked = st.text_input(
            f"Find a case `{view.policy.keys.get('search', '')}`", key=WORDS, placeholder="Its id, or words of its text"
        )  # fmt: skip
        if not asked.strip():
            return
        try:
            found = cases.among(page.workspace(), view.id, asked)
        except QlatentError as err:
            st.caption(literal(err.message))
            return
        if not found:
            st.caption("No case of this queue has this id or these words.")
        for each in found:
            label = words.decision(view.policy, each.code) if each.code else "open"
            st.button(
                f"{literal(each.item_id, limit=60)} · {literal(label)}", key=f"triage_found_{each.item_id}",
                type="tertiary", icon=":material/open_in_new:", on_click=_open, args=(each.item_id,),
            )  # fmt: skip


def _open(item: str) -> None:
    st.session_state[WORDS] = ""
    acting.open_case(item)
