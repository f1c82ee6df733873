"""The badge of jobs that have ended and that nobody has looked at, on every page."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.hardware import listing
from qlatent.services.hardware.listing import JobView
from qlatent.ui.hardware import addresses
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count

SECONDS = 5.0


def badge() -> None:
    """Draw the badge above the page; while a job goes on, look every five seconds."""
    with suppress(QlatentError):  # the page itself shows why a workspace does not open
        workspace = page.workspace()
        polled = any(each.run.active for each in listing.jobs(workspace))

        def show() -> None:
            with suppress(QlatentError):
                _drawn(listing.unseen(workspace))

        st.fragment(show, run_every=SECONDS if polled else None)()


def _drawn(ended: list[JobView]) -> None:
    if not ended:
        return
    failed = sum(each.state == "failed" for each in ended)
    said = f"{count(len(ended), 'job')} on devices ended" + (f", {failed} of them failed" if failed else "")
    if st.button(
        said, key="hardware_badge", icon=":material/developer_board:", help="Open the newest of them."
    ):
        url_state.go("hardware", **{addresses.SECTION: "jobs", addresses.JOB: ended[0].id})
