"""Near-duplicates of a queue's dataset: a threshold with its count, pairs at the boundary, and groups to decide."""

from __future__ import annotations

import numpy as np
import streamlit as st

from qlatent.errors import AbsentError
from qlatent.services.datasets import browsing
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Ids
from qlatent.services.triage import cases, duplicates, groups
from qlatent.services.triage.compared import By
from qlatent.services.triage.duplicates import Near
from qlatent.services.triage.queues import QueueView
from qlatent.ui.selections import state, tables
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, cut, data_uri, literal
from qlatent.ui.triage import addresses, you
from qlatent.ui.triage.pictures import Picture, pictures

BYS = {"image": "Pictures", "text": "Texts", "vector": "Vectors"}
HELP = {
    "image": "Bits of 64 in which the perceptual hashes of two pictures differ.",
    "text": "1 − the cosine of the letters' trigrams, weighted by rarity.",
    "vector": "1 − the cosine of the vectors.",
}
SHOWN, MEMBERS, PAIRS = 12, 8, 4


@page.fragment
def section(view: QueueView) -> None:
    """Draw the near-duplicates of the dataset by pictures, texts or vectors."""
    offered = {by: label for by, label in BYS.items() if _possible(view, by)}
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
    _pairs(view, "Just within", edge.inside, "inside")
    _pairs(view, "Just beyond", edge.outside, "outside")
    for group in np.argsort(-sizes, kind="stable")[:SHOWN]:
        _group(view, int(group), made.members(int(group)))
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
    try:
        asked = float(url_state.get(addresses.THRESHOLD))
    except ValueError:
        asked = duplicates.USUAL[by]
    key = f"triage_threshold_{by}"
    if key not in st.session_state:
        st.session_state[key] = min(max(0.0, round(asked / unit) * unit), widest)

    def moved() -> None:
        url_state.put(addresses.THRESHOLD, f"{st.session_state[key]:g}")

    return float(
        st.slider(
            "Largest distance", 0.0, widest, step=unit, key=key, on_change=moved, help=HELP[by],
            format="%d" if by == "image" else "%.2f",
        )
    )  # fmt: skip


def _pairs(view: QueueView, title: str, near: list[Near], name: str) -> None:
    if not near:
        return
    st.markdown(f"**{title}**: " + ", ".join(f"{each.distance:.3g}" for each in near))
    rows = [row for each in near for row in (each.first, each.second)]
    _tiles(view, collections.ids_of(page.workspace(), view.dataset, np.array(rows)), name)


def _group(view: QueueView, group: int, members: np.ndarray) -> None:
    items = collections.ids_of(page.workspace(), view.dataset, members)
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            more = f" and {count(len(items) - 1, 'more')}".replace("mores", "more")
            st.markdown(f"**{literal(items[0], limit=60)}**{more}", width="content")
            st.space("stretch")
            if st.button(
                "Decide as a group", key=f"triage_duplicates_decide_{items[0]}", icon=":material/done_all:"
            ):
                state.select(addresses.PAGE, Ids(ids=tuple(items)))
                url_state.put(addresses.HOW, "duplicates")
                url_state.put(addresses.SECTION, "groups")
                st.rerun()
        _tiles(view, items[:MEMBERS], f"group_{items[0]}")


def _tiles(view: QueueView, items: list[str], name: str) -> None:
    found = groups.shown(page.workspace(), view.dataset, items)
    severe = cases.severe_items(page.workspace(), view.id, items)
    wanted = [each.picture for each in found if each.picture and each.item not in severe]
    thumbnails = browsing.thumbnails(page.workspace(), wanted)
    pictures(
        [
            Picture(
                "" if each.item in severe else data_uri(thumbnails.get(each.picture)) or "", cut(each.text, limit=80),
                title=cut(each.text, limit=70), note=each.item,
            )
            for each in found
        ],
        of=name, blurred=you.blurs(), key=f"triage_duplicates_{name}",
    )  # fmt: skip
