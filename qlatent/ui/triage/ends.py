"""What the page says when there is no next case: each end of a queue with its next step."""

from __future__ import annotations

import streamlit as st

from qlatent.services.triage import queues
from qlatent.services.triage.casework import Nothing
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, literal
from qlatent.ui.triage import acting, addresses, queue_list, words, you


def ends(view: QueueView, nothing: Nothing) -> None:
    """Draw why there is no case for this analyst, and what to do next."""
    with st.container(border=True, horizontal_alignment="center", gap="small", key="triage_end"):
        st.space("xsmall")
        {"done": _done, "others": _others, "aside": _aside, "skipped": _skipped}[nothing.why](view, nothing)
        with st.container(horizontal=True, horizontal_alignment="center", gap="small"):
            undo = view.policy.keys.get("undo", "")
            st.button(
                f"Undo my last step `{undo}`", key=f"triage_undo_{acting.turn()}", icon=":material/undo:",
                on_click=acting.undo, args=(view.id,),
            )  # fmt: skip
            if st.button("All queues", key="triage_all_queues", icon=":material/list:"):
                queue_list.leave()
                st.rerun()
        st.space("xsmall")


def gone(view: QueueView) -> None:
    """Draw that the dataset of the queue was removed, and what is left."""
    with st.container(border=True, horizontal_alignment="center", gap="small", key="triage_gone"):
        st.space("xsmall")
        _say(
            ":material/delete_history: The dataset of this queue was removed",
            "No case can be decided. Decisions and log stay, with the ids of the items. On the page Data a dataset can "
            f"be restored within a day of its removal, or by `qlatent restore {view.dataset}`.",
        )
        st.button(
            "Show the log", key="triage_gone_log", type="primary", icon=":material/history:",
            on_click=url_state.put, args=(addresses.SECTION, "log"),
        )  # fmt: skip
        st.space("xsmall")


def _done(view: QueueView, nothing: Nothing) -> None:
    said = [
        f"{number:,} {literal(words.decision(view.policy, code))}"
        for code, number in view.counts.codes.items()
    ]
    every = "Every case that is left" if view.counts.gone else "Every case"
    _say(
        f":material/task_alt: {every} is decided",
        f"{count(view.counts.decided, 'case')}: {', '.join(said)}." if said else "None was decided.",
    )
    if view.counts.gone:
        st.caption(
            f"{count(view.counts.gone, 'more case')} cannot be shown: the dataset no longer has the items. They come "
            "back if the items are imported again.",
            width="content", text_alignment="center",
        )  # fmt: skip
    st.button(
        "Look for new items", key="triage_fill", type="primary", icon=":material/add:", on_click=_fill, args=(view,),
        help="Adds items that meet the conditions of this queue and were imported after it was made.",
    )  # fmt: skip


def _others(view: QueueView, nothing: Nothing) -> None:
    _say(
        ":material/group: Colleagues have the rest",
        f"{count(nothing.count, 'open case')} with others at present. A case comes back when its lease runs out.",
    )
    st.button("Look again", key="triage_again", type="primary", icon=":material/refresh:")


def _aside(view: QueueView, nothing: Nothing) -> None:
    _say(
        ":material/front_hand: The rest is put aside for you",
        f"{count(nothing.count, 'case')} that you hold, or that were handed to you, are listed below.",
    )


def _skipped(view: QueueView, nothing: Nothing) -> None:
    _say(
        ":material/skip_next: You skipped the rest",
        f"{count(nothing.count, 'case')} are still open for you and for others.",
    )
    st.button(
        "Go through what I skipped", key="triage_take_skipped", type="primary", icon=":material/replay:",
        on_click=acting.take_skipped, args=(view.id,),
    )  # fmt: skip


def _fill(view: QueueView) -> None:
    def done() -> None:
        added = queues.fill(page.workspace(), view.id, by=you.name())
        st.session_state[acting.TOLD] = f"{count(added, 'case')} added" if added else "There are no new items"

    acting.guarded(done)


def _say(heading: str, text: str) -> None:
    st.markdown(f"### {heading}", width="content")
    st.caption(text, width="content", text_alignment="center")
