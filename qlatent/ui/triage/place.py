"""A small map of the dataset's vectors with one item marked."""

from __future__ import annotations

import io

import streamlit as st
from PIL import Image

from qlatent.services.search import stored_vectors
from qlatent.services.triage import cases
from qlatent.services.triage.cases import Case
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import data_uri

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
    """Draw the map of an encoder's vectors with the item of a case marked."""
    workspace = page.workspace()
    found = cases.place(workspace, case, encoder=encoder)
    if found is None:
        st.caption("The item has no vector, so it is not on the map. Encode the dataset on the page Data.")
        return
    now = stored_vectors.now(workspace, case.dataset)
    items = _items(str(workspace.path), case.dataset, encoder, now)
    data = {
        "items": items,
        "across": found.across,
        "up": found.up,
        "name": "The item among all of its dataset",
    }
    _PLACE(key="triage_place", data=data)


@st.cache_resource(max_entries=8, show_spinner=False)
def _items(path: str, dataset: str, key: str, now: tuple[int, str]) -> str:
    """The items of the map as a PNG whose opacity says how many lie in a cell."""
    shades = cases.density(page.workspace(), dataset, key)
    buffer = io.BytesIO()
    image = Image.new("LA", shades.shape[::-1])
    image.putalpha(Image.fromarray(shades))
    image.save(buffer, "PNG")
    return data_uri(buffer.getvalue(), "image/png") or ""
