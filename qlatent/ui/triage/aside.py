"""The cases that an analyst holds, or that colleagues handed over."""

from __future__ import annotations

import streamlit as st

from qlatent.services.triage import cases
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import literal
from qlatent.ui.triage import acting, you

MOST = 50


def aside(view: QueueView) -> None:
    """List what is put aside for this analyst; draws nothing if there is none."""
    found = cases.aside(page.workspace(), view.id, by=you.name())
    if not found:
        return
    with st.expander(f"Put aside for you ({len(found):,})", icon=":material/front_hand:", key="triage_aside"):
        for each in found[:MOST]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(literal(each.item_id, limit=80), width="content")
                st.badge("held" if each.lease == "held" else "handed to you", color="gray")
                st.space("stretch")
                st.button(
                    "Open", key=f"triage_aside_open_{each.item_id}", icon=":material/open_in_new:",
                    on_click=acting.open_case, args=(each.item_id,),
                )  # fmt: skip
                st.button(
                    "Give back", key=f"triage_aside_release_{each.item_id}", icon=":material/undo:",
                    on_click=acting.release, args=(view.id, each.item_id),
                )  # fmt: skip
        if len(found) > MOST:
            st.caption(f"The first {MOST} of {len(found):,} are shown.")
