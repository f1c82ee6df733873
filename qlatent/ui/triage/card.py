"""The card of a case: pictures, texts and columns, what is like it, where it lies, and its history."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.datasets import browsing, tombstone
from qlatent.services.datasets import pictures as kept
from qlatent.services.triage import audit, cases
from qlatent.services.triage.cases import Case, Similar
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import ago, cut, data_uri, literal
from qlatent.ui.triage import acting, place, words, you
from qlatent.ui.triage.pictures import Picture, pictures

LONGEST = 4_000  # characters of a description


def item(case: Case) -> None:
    """Draw what the listing itself says: pictures, title, price and description."""
    _pictures(case)
    st.subheader(literal(case.title, limit=300), anchor=False)
    parts.labels([case.price, case.label, case.item])
    if case.row is None:
        st.warning(
            "The item is no longer in the dataset, so the case cannot be shown. Its decisions stay.",
            icon=":material/delete_history:",
        )
    parts.foreign(case.text, limit=LONGEST)


def columns(case: Case) -> None:
    """Draw every column of the item that is not hidden."""
    if case.facts:
        cells = [[literal(name, limit=80), literal(value, limit=1000)] for name, value in case.facts]
        table = pd.DataFrame(cells, columns=["Column", "Value"])
        st.table(table.set_index("Column"), border="horizontal")


def similar(queue: QueueView, case: Case, encoder: str) -> list[Similar]:
    """Draw the items most like the case with their decisions; returns them."""
    st.markdown("**Most similar items**")
    if case.row is None:
        st.caption("Unknown, since the item is gone.")
        return []
    try:
        found = cases.similar(page.workspace(), case, encoder=encoder)
    except QlatentError as err:
        _not_encoded(queue, err)
        return []
    thumbnails = browsing.thumbnails(page.workspace(), [each.picture for each in found if each.picture])
    pictures(
        [_tile(queue, each, thumbnails.get(each.picture)) for each in found],
        of=case.item, blurred=you.blurs(), key="triage_similar", on_open=acting.open_case,
    )  # fmt: skip
    return found


def about(queue: QueueView, case: Case, encoder: str) -> None:
    """Draw where the case lies on the map, whether image and text disagree, and its history."""
    if case.row is not None and encoder:
        st.markdown("**On the map**")
        place.place(case, encoder)
        distance = cases.disagreement(page.workspace(), case, encoder=encoder)
        if distance is not None:
            st.caption(
                f"Image–text disagreement {distance:.2f}",
                help="1 − the cosine of its image and its text, before any head: 0 says the same, 1 is unrelated.",
            )
        if st.button("Open on Explore", key="triage_explore", icon=":material/scatter_plot:"):
            url_state.go(
                "explore", dataset=queue.dataset, run="", explore_encoder=encoder, row=str(case.row),
                explore_tab="item",
            )  # fmt: skip
    history(queue, case)


def history(queue: QueueView, case: Case) -> None:
    """Draw what happened to the case, newest first."""
    if not case.history:
        return
    gone = audit.taken_back(case.history)
    with st.container(key="triage_history", gap="xsmall"):
        st.markdown("**History**")
        for event in reversed(case.history):
            what = words.EVENTS.get(event.kind, event.kind)
            if event.kind == "decided":
                what = literal(words.decision(queue.policy, event.code))
                what += f" ({literal(words.reason(queue.policy, event.reason))})" if event.reason else ""
                what += ", with a group" if not event.item_id else ""
            line = f"{literal(event.actor, limit=40)}: {what} · {ago(event.time)}"
            st.caption(f"~~{line}~~ taken back" if event.id in gone else line)
            parts.foreign(event.note, limit=1000)


def _pictures(case: Case) -> None:
    if case.withheld:
        many = "" if case.withheld == 1 else f": {case.withheld} pictures"
        st.info(f"{tombstone.SAYS.capitalize()}{many}", icon=":material/visibility_off:")
    if case.lost:
        st.info(
            f"Pictures that were deleted when the item was flagged as severe: {case.lost}. To bring them back, import "
            "the file that they came from once more on the page Data.", icon=":material/hide_image:",
        )  # fmt: skip
    if case.pictures:
        shown = [
            Picture(_source(name), f"Picture {number} of {case.item}")
            for number, name in enumerate(case.pictures, 1)
        ]
        pictures(shown, of=case.item, blurred=you.blurs(), key="triage_pictures")


@st.cache_resource(max_entries=4, show_spinner=False)
def _kept(path: str) -> Callable[[str], str]:
    workspace = page.workspace()
    return kept.remembered(workspace, lambda name: data_uri(cases.picture(workspace, name)) or "", most=32)


def _source(name: str) -> str:
    return _kept(str(page.workspace().path))(name)


def _tile(queue: QueueView, each: Similar, thumbnail: bytes | None) -> Picture:
    label = words.decision(queue.policy, each.code) if each.code else "open" if each.in_queue else ""
    return Picture(
        data_uri(thumbnail) or "", cut(each.text, limit=80), title=cut(each.text, limit=90),
        note=f"cosine {each.cosine:.2f}", badge=label,
        colour=words.COLOURS[words.kind(queue.policy, each.code)] if each.code else "gray",
        opens=each.item if each.in_queue else "",
    )  # fmt: skip


def _not_encoded(queue: QueueView, err: QlatentError) -> None:
    st.caption(f"{err.message} {err.remedy}")
    if st.button("Encode", key="triage_encode", icon=":material/bolt:"):
        url_state.go("data", dataset=queue.dataset, section="browse")
