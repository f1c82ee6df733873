"""A training that somebody waits for: its place in the queue or its progress, with the time left."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import literal
from qlatent.ui.shell.progress import progress

SECONDS = 1.5


def follow(run: RunSummary, *, cancel: Callable[[RunSummary], None] | None = None) -> None:
    """Draw a training that waits or runs; the page is drawn anew once it has ended. Another's has no `cancel`."""

    def show() -> None:
        with page.guarded():
            workspace = page.workspace()
            now = listing.summary(workspace, run.id)
            if not now.active:
                st.rerun(scope="app")
            queue.go_on(workspace)  # a killed worker cannot start the next run
            with st.container(border=True, gap="small", key="learn_under_way"):
                with st.container(horizontal=True, vertical_alignment="center"):
                    whose = "Somebody is training this" if cancel is None else "Your training"
                    st.markdown(f"**{whose}:** {literal(now.name, limit=80)}", width="stretch")
                    if cancel is not None and st.button(
                        "Cancel", key="learn_cancel", icon=":material/close:"
                    ):
                        cancel(now)
                        st.rerun(scope="app")
                progress(now)

    st.fragment(show, run_every=SECONDS)()
