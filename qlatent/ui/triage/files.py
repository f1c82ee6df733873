"""The decisions and the log of a queue as files."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from qlatent.services.exports import triage as service
from qlatent.services.triage import people
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import literal
from qlatent.ui.triage import you

CONTENTS: dict[service.What, str] = {"decisions": "Decisions", "log": "Log"}
KINDS = {".csv": "CSV", ".jsonl": "JSONL", ".parquet": "Parquet"}


def files(view: QueueView) -> None:
    """Draw a button for each file, for whoever may export.

    Each has its own button, and they stand outside of what is drawn again by itself: a button whose kind of file could
    change would have an address that is out of date while it changes.
    """
    st.markdown(
        "**Files**", help="In CSV, texts that a spreadsheet would run as formulas begin with an apostrophe."
    )
    by = you.name()
    if "export" not in people.permitted(page.workspace(), by):
        st.caption(f"{literal(by)} may not {people.PERMISSIONS['export']}.")
        return
    for what, title in CONTENTS.items():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(title, width=90)
            for ending, label in KINDS.items():
                st.download_button(
                    label, _content(view.id, what, ending, by), f"{view.id}-{what}{ending}", service.MIMES[ending],
                    key=f"triage_download_{what}_{ending[1:]}", icon=":material/download:", on_click="ignore",
                )  # fmt: skip


def _content(queue: str, what: service.What, ending: str, by: str) -> Callable[[], bytes]:
    """What makes the file when the button is clicked."""
    workspace = page.workspace()
    return lambda: service.content(workspace, queue, what=what, ending=ending, by=by)
