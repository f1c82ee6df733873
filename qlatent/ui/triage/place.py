"""A small map of the dataset's vectors with one item marked."""

from __future__ import annotations

import io
from concurrent.futures import Future, ThreadPoolExecutor, wait

import streamlit as st
from PIL import Image

from qlatent.services.search import stored_vectors
from qlatent.services.triage import places as service
from qlatent.services.triage.cases import Case
from qlatent.services.triage.places import Places
from qlatent.services.workspaces import Workspace
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import data_uri

AT_ONCE, LATER = 0.3, 1.0
"""Seconds that a page waits for the map, and after which it looks again."""
_POOL = ThreadPoolExecutor(1, thread_name_prefix="drawing a map")
Drawing = Future[tuple[Places, str]]

_PLACE = st.components.v2.component(
    "qlatent_triage_place",
    html='<div class="map" role="img"><div class="items"></div><div class="mark"></div></div>',
    css=""".map { position: relative; width: min(100%, 15rem); aspect-ratio: 1; overflow: hidden;
        border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); }
    .items { position: absolute; inset: 0; background: var(--st-text-color); opacity: 0.75;
        mask-size: 100% 100%; -webkit-mask-size: 100% 100%; }
    .mark { position: absolute; width: 0.75rem; height: 0.75rem; margin: -0.5rem; border-radius: 50%;
        background: #E69F00; border: 2px solid var(--st-background-color); }""",
    js="""export default ({ data, parentElement }) => {
        const [map, items, mark] = [".map", ".items", ".mark"].map((name) => parentElement.querySelector(name));
        map.setAttribute("aria-label", data.name);
        items.style.maskImage = items.style.webkitMaskImage = `url(${data.items})`;
        mark.style.left = `${100 * data.across}%`;
        mark.style.top = `${100 - 100 * data.up}%`;
    };""",
)


def place(case: Case, encoder: str) -> None:
    """Draw the map of an encoder's vectors with the item of a case marked, as soon as it is known."""
    workspace = page.workspace()
    now = stored_vectors.now(workspace, case.dataset)
    drawing = _drawing(str(workspace.path), case.dataset, encoder, now)
    if wait([drawing], timeout=AT_ONCE).done:
        _marked(drawing.result(), case)
    else:
        st.fragment(_awaited, run_every=LATER)(drawing)


def _marked(drawn: tuple[Places, str], case: Case) -> None:
    places, items = drawn
    found = places.of(case.row) if case.row is not None else None
    if found is None:
        st.caption("The item has no vector, so it is not on the map. Encode the dataset on the page Data.")
        return
    across, up = found
    data = {"items": items, "across": across, "up": up, "name": "The item among all of its dataset"}
    _PLACE(key="triage_place", data=data)


def _awaited(drawing: Drawing) -> None:
    st.caption("The map is being drawn …")
    if drawing.done():
        st.rerun()


@st.cache_resource(max_entries=4, show_spinner=False)
def _drawing(path: str, dataset: str, key: str, now: tuple[int, str]) -> Drawing:
    """The map, drawn beside the page: of many items it takes seconds, and a case can be decided without it."""
    return _POOL.submit(_drawn, page.workspace(), dataset, key)


def _drawn(workspace: Workspace, dataset: str, key: str) -> tuple[Places, str]:
    """The places of the items, and these as a PNG whose opacity says how many lie in a cell."""
    found, buffer = service.places(workspace, dataset, key), io.BytesIO()
    image = Image.new("LA", found.density.shape[::-1])
    image.putalpha(Image.fromarray(found.density))
    image.save(buffer, "PNG")
    return found, data_uri(buffer.getvalue(), "image/png") or ""
