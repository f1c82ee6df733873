"""What every page says about jobs: which have ended while nobody looked, and whether IBM or a stand-in is asked."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.hardware import keys, listing
from qlatent.services.hardware.listing import JobView
from qlatent.ui.hardware import addresses
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import literal

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


def ended() -> int:
    """How many jobs have ended that nobody has looked at since."""
    return len(listing.unseen(page.workspace()))


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
    """One button for all of them; it names the job, where there is one alone."""
    if not ended:
        return
    failed = sum(each.state == "failed" for each in ended)
    if len(ended) == 1:
        said = f"Job {'failed' if failed else 'done'}: {literal(ended[0].run.name, limit=60)}"
    else:
        said = f"{len(ended):,} jobs have ended" + (f", {failed} of them failed" if failed else "")
    icon, colour = (":material/error:", "red") if failed else (":material/check_circle:", "green")
    about = "Open its result." if len(ended) == 1 else "Open the newest of them."
    if st.button(f":{colour}[{icon}] {said}", key="hardware_badge", help=about):
        url_state.go("hardware", **{addresses.SECTION: "jobs", addresses.JOB: ended[0].id})
