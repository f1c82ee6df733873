"""The list of queues, and what leads to the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import parts, url_state
from qlatent.ui.shell.formatting import count, literal
from qlatent.ui.triage import addresses, words


def queue_list(views: Sequence[QueueView], datasets: Mapping[str, DatasetView]) -> None:
    """Draw every queue with how far it is, newest first, and a button that opens it."""
    for each in reversed(views):
        counts = each.counts
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                parts.name(each.name)
                dataset = datasets.get(each.dataset)
                st.badge(literal(dataset.name if dataset else "dataset removed", limit=40), color="gray")
                st.space("stretch")
                workable = bool(counts.open) and not each.gone
                st.button(
                    "Open" if workable else "Look at it", key=f"triage_open_{each.id}",
                    type="primary" if workable else "secondary",
                    icon=":material/arrow_forward:", on_click=open_queue, args=(each.id,),
                )  # fmt: skip
            said = f"{counts.open:,} open, {counts.decided:,} of {count(counts.total, 'case')} decided"
            said += f", {words.gone(counts.gone)}" if counts.gone else ""
            st.progress(counts.decided / max(1, counts.total), text=said)
            if each.gone:
                st.caption(
                    ":material/delete_history: No case can be decided while its dataset is removed. "
                    "Decisions and log stay."
                )
            st.caption(f"{literal(words.order(each.order))} · made by {literal(each.owner, limit=40)}")


def open_queue(queue: str) -> None:
    """Show a queue: its next case."""
    url_state.put(addresses.CASE, None)
    url_state.put(addresses.SECTION, None)
    url_state.put(addresses.QUEUE, queue)


def leave() -> None:
    """Go back to the list."""
    for name in addresses.CHOICES:
        url_state.put(name, None)
