"""Part of the panel of layouts: those under way, and those that failed or were stopped."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from qlatent.errors import StoreError
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.layouts import addresses
from qlatent.ui.shell import owners
from qlatent.ui.shell import page as shell
from qlatent.ui.shell.progress import followed

MOST = 3  # that failed or were stopped; earlier ones are on the page Train


def unfinished(page: str, found: Sequence[RunSummary]) -> None:
    """Draw the progress of each layout under way with Stop, and the reason and remedy of the newest that failed."""
    _ready(page)
    active = [each for each in found if each.active]
    for each in [*active, *[each for each in found if not each.active][:MOST]]:
        with st.container(border=True, key=f"{page}_layout_run_{each.id}"):
            followed(each.id, key=f"{page}_layout_{each.id}", polled=each.active)
            if not each.active:
                _remove(page, each)


def _remove(page: str, run: RunSummary) -> None:
    def remove() -> None:
        queue.remove(shell.workspace(), run.id)
        st.session_state[f"{page}_layout_removed"] = run.id

    owners.remove_button("Remove", run.name, run.owner, remove, key=f"{page}_layout_remove_{run.id}")


def _ready(page: str) -> None:
    """Say that the layout which was started here is ready, until it is shown or another is started."""
    name = f"{page}_layout_started"
    started = st.session_state.get(name)
    if not started:
        return
    try:
        run = listing.summary(shell.workspace(), started)
    except StoreError:  # removed meanwhile
        del st.session_state[name]
        return
    if run.state != "finished":
        return

    def show() -> None:
        addresses.show(page, started)
        del st.session_state[name]

    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(":material/check_circle: The layout is ready.", width="content")
        st.button("Show it", key=f"{page}_layout_show", type="primary", on_click=show)
