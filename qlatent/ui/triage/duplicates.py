"""Near-duplicates of a queue's dataset: a threshold with its count, pairs at the boundary, and groups to decide."""

from __future__ import annotations

import numpy as np
import streamlit as st

from qlatent.errors import AbsentError
from qlatent.services.selections import collections
from qlatent.services.triage import cases, duplicates
from qlatent.services.triage import tiles as service
from qlatent.services.triage.compared import By
from qlatent.services.triage.duplicates import Near
from qlatent.services.triage.queues import QueueView
from qlatent.ui.selections import tables
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, literal
from qlatent.ui.triage import acting, addresses, words
from qlatent.ui.triage.tiles import tiles

HELP = {
    "image": "Bits of 64 in which the perceptual hashes of two pictures differ.",
    "text": "1 − the cosine of the letters' trigrams, weighted by rarity.",
    "vector": "1 − the cosine of the vectors.",
}
SHOWN, MEMBERS, PAIRS = 12, 8, 4
UNITS = {"image": "bits of 64", "text": "0 to 1", "vector": "0 to 2"}


@page.fragment
def section(view: QueueView) -> None:
    """Draw the near-duplicates of the dataset by pictures, texts or vectors."""
    acting.said("duplicates")
    offered: dict[str, str] = {by: label for by, label in words.COMPARED.items() if _possible(view, by)}
    if not offered:
        st.info(
            "The items have neither pictures, texts nor vectors to compare.", icon=":material/search_off:"
        )
        return
    by: By = url_state.switch(addresses.BY, offered, label="Compare by")  # type: ignore[assignment]
    chosen = {"encoder": cases.encoder(page.workspace(), view.dataset)} if by == "vector" else {}
    if not duplicates.ready(page.workspace(), view.dataset, by=by, **chosen):
        _search(view, by, chosen)
        return
    try:
        found = duplicates.pairs(page.workspace(), view.dataset, by=by, **chosen)
    except AbsentError as err:
        st.caption(f"{err.message} {err.remedy}")
        return
    threshold = _threshold(by, found.widest)
    made = duplicates.groups(page.workspace(), view.dataset, by=by, threshold=threshold, **chosen)
    sizes = made.sizes
    flat = int(made.flat.sum())
    st.markdown(
        f"**{count(len(made), 'group')} with {count(int(sizes.sum()), 'item')}**, each member within the threshold of "
        "every other" + (f" · {count(flat, 'picture')} without detail, not grouped" if flat else "")
    )
    edge = duplicates.boundary(
        page.workspace(), view.dataset, by=by, threshold=threshold, count=PAIRS, **chosen
    )
    _pairs(view, by, "Just within", edge.inside, "inside")
    _pairs(view, by, "Just beyond", edge.outside, "outside")
    if len(made):
        st.markdown("**Groups**, the largest first")
    for group in np.argsort(-sizes, kind="stable")[:SHOWN]:
        _group(view, made.members(int(group)))
    if len(made) > SHOWN:
        st.caption(f"The {SHOWN} largest of {len(made):,} groups are shown.")


def _possible(view: QueueView, by: str) -> bool:
    if by == "vector":
        return bool(cases.encoder(page.workspace(), view.dataset))
    return bool(tables.filled(view.dataset, "image_hash" if by == "image" else "text").any())


def _search(view: QueueView, by: By, chosen: dict[str, str]) -> None:
    st.caption(
        "So many items are compared by a run, which takes a while. It is listed with the runs on the page Home."
    )
    if st.button(
        "Find near-duplicates", key="triage_duplicates_start", type="primary", icon=":material/search:"
    ):
        run = duplicates.start(page.workspace(), view.dataset, by=by, **chosen)
        st.toast(f"Run {run} compares the items.", icon=":material/play_circle:")


def _threshold(by: By, widest: float) -> float:
    """The threshold in the URL, as a slider: whole bits of pictures, hundredths else."""
    unit = 1.0 if by == "image" else 0.01
    widest = max(unit, float(np.floor(max(widest, 0.0) / unit + 1e-6) * unit))
    asked = addresses.threshold()
    if asked is None:
        asked = duplicates.USUAL[by]
    key = f"triage_threshold_{by}"
    if key not in st.session_state:
        st.session_state[key] = min(max(0.0, round(asked / unit) * unit), widest)

    def moved() -> None:
        url_state.put(addresses.THRESHOLD, f"{st.session_state[key]:g}")

    return float(
        st.slider(
            f"Largest distance ({UNITS[by]})", 0.0, widest, step=unit, key=key, on_change=moved, help=HELP[by],
            format="%d" if by == "image" else "%.2f",
        )
    )  # fmt: skip


def _pairs(view: QueueView, by: By, title: str, near: list[Near], name: str) -> None:
    """Draw pairs at the boundary, each with its distance."""
    if not near:
        return
    st.markdown(f"**{title}**")
    with st.grid(len(near), min_column_width=290, gap="small") as grid:
        for number, each in enumerate(near):
            with grid.cell(), st.container(border=True, gap="xsmall"):
                st.caption(words.apart(by, each.distance).capitalize())
                pair = service.of_rows(page.workspace(), view.id, (each.first, each.second))
                tiles(view, pair, of=f"{each.first} {each.second}", key=f"triage_duplicates_{name}_{number}")


def _group(view: QueueView, members: np.ndarray) -> None:
    items = collections.ids_of(page.workspace(), view.dataset, members)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{literal(items[0], limit=60)}** and {len(items) - 1:,} more", width="content")
            st.space("stretch")
            st.button(
                "Decide as a group", key=f"triage_duplicates_decide_{items[0]}", icon=":material/done_all:",
                on_click=acting.as_group, args=(items, "duplicates"),
            )  # fmt: skip
        shown = service.of_rows(page.workspace(), view.id, members[:MEMBERS])
        tiles(view, shown, of=items[0], key=f"triage_duplicates_group_{items[0]}")
        if len(items) > MEMBERS:
            st.caption(f"The first {MEMBERS} are shown.")
