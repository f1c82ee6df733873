"""The report of a case as a file."""

from __future__ import annotations

import streamlit as st

from qlatent.report import case
from qlatent.services.triage import people, reporting
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page
from qlatent.ui.triage import you


def download(view: QueueView, item: str) -> None:
    """Draw the button that makes the report, for whoever may export."""
    workspace, by = page.workspace(), you.name()
    if "export" not in people.permitted(workspace, by):
        return

    def made() -> bytes:
        return case.as_report(reporting.case_file(workspace, view.id, item, by=by)).encode()

    st.download_button(
        "Case report", made, f"case-{item}.html", "text/html", key=f"triage_report_{item}", type="tertiary",
        icon=":material/description:", on_click="ignore", help="The listing, its decision and its history as HTML.",
    )  # fmt: skip
