"""Shows the item picked on the map: image and text, norm, neighbours before and after compression."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.services.runs import item_detail as service
from qlatent.services.runs.frames import Evolution
from qlatent.services.runs.item_detail import ItemDetail, Neighbour
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import cut, data_uri

SHOWN = {"image": "Image", "text": "Text", "vector": "Vector"}


def item_card(
    run: RunSummary,
    found: Evolution,
    row: int | None,
    *,
    frame: int,
    opens: Callable[[int], None] = lambda row: url_state.put("row", row),
    near: str = "",
) -> None:
    """The card of a row of the dataset; without one, how to pick an item.

    `opens` receives the row of a neighbour that is chosen. Neighbours are those by the modality `near`, by default one
    that is chosen in the card.
    """
    with st.container(border=True, gap="small"):
        if row is None or row not in found.rows:
            st.markdown(":material/ads_click: **Pick an item**")
            st.caption(
                "Click a point on the map or a row of the table to see its image and text, its norm, and its "
                "nearest neighbours before and after compression. The map then shows its path."
            )
            return
        detail = service.item_detail(page.workspace(), run.id, row, frame)
        _item(detail)
        _neighbours(detail, near, opens)


def _item(detail: ItemDetail) -> None:
    images = browsing.thumbnails(page.workspace(), [detail.image]) if detail.image else {}
    with st.container(horizontal=True, gap="medium", wrap=False):
        for image in images.values():
            st.image(image, width=112, alt=cut(detail.text or detail.id, limit=80))
        with st.container(gap="xsmall", width="stretch"):
            parts.foreign(detail.text or detail.id, limit=320)
            part = "held out" if detail.heldout else "training"
            parts.labels([detail.label, f"row {detail.row}", part])
    figures = [(f"Norm ‖z‖, {SHOWN[name].lower()}", norm) for name, norm in detail.norms.items()]
    if detail.pair_distance:
        figures += [
            ("Pair d_x", detail.pair_distance[0]),
            ("Pair d_z", detail.pair_distance[1]),
        ]
    st.caption(f"At step {detail.step:,}")
    with st.grid(len(figures), min_column_width=100, gap="xsmall"):
        for label, value in figures:
            st.metric(label, f"{value:.3f}")


def _neighbours(detail: ItemDetail, near: str, opens: Callable[[int], None]) -> None:
    """Nearest neighbours in the input and in the latent space side by side; shared ones are marked."""
    modality = near or next(iter(detail.before))
    if not near and len(detail.before) > 1:
        modality = url_state.switch(
            "near", {name: SHOWN[name] for name in detail.before}, label="Neighbours by"
        )
    before, after = detail.before[modality], detail.after[modality]
    kept = sum(each.shared for each in before)
    st.caption(
        f"{kept} of {len(before)} nearest neighbours are the same after compression, among the items of the map."
    )
    left, right = st.columns(2, gap="small")
    with left:
        _list("Before", before, "near_before", opens)
    with right:
        _list("After", after, "near_after", opens)


def _list(title: str, near: list[Neighbour], key: str, opens: Callable[[int], None]) -> None:
    images = browsing.thumbnails(page.workspace(), [each.image for each in near if each.image])
    table = pd.DataFrame(
        {
            "": [data_uri(images.get(each.image or "")) for each in near],
            "Kept": [each.shared for each in near],
            "Distance": [each.distance for each in near],
            "Item": [cut(each.text or each.id, limit=80) for each in near],
        }
    )

    def chosen() -> None:
        cells = st.session_state[key].selection.cells
        if cells:
            opens(near[cells[0][0]].row)

    column = st.column_config
    st.markdown(f"**{title}**")
    st.dataframe(
        table if images else table.drop(columns=""),
        hide_index=True,
        key=key,
        on_select=chosen,
        height=330,
        selection_mode="single-cell",
        row_height=44 if images else None,
        alt=f"Nearest neighbours {title.lower()}",
        column_config={
            "": column.ImageColumn(width=52),
            "Kept": column.CheckboxColumn(width=44),
            "Distance": column.NumberColumn(format="%.3f", width=66),
        },
    )
