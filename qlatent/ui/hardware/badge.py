"""What every page says about jobs: which have ended while nobody looked, and whether IBM or a stand-in is asked."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.hardware import keys, listing
from qlatent.services.hardware.listing import JobView
from qlatent.ui.hardware import addresses
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, literal

SECONDS = 5.0


def banner() -> None:
    """Say on every page that a stand-in is asked in place of IBM, where one is."""
    with suppress(QlatentError):  # the page itself shows what is wrong with the settings
        if address := keys.stand_in():
            st.warning(
                f"Jobs on IBM's devices go to a stand-in at {literal(address)} (QLATENT_IBM_URL), not to IBM; a "
                "simulator makes up their results.",
                icon=":material/science:",
            )


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
