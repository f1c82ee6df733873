"""The selected items as a grid of thumbnails and texts, sorted and paged."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.errors import QlatentError
from qlatent.services.datasets import browsing
from qlatent.services.selections import cards
from qlatent.services.selections.cards import Card, Order, Ranking, Space
from qlatent.services.vectors import stored
from qlatent.ui.selections import state, tables
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import parts, url_state
from qlatent.ui.shell.formatting import cut, literal

PAGE = 24
ORDERS = {
    "row": "Order of the dataset",
    "centre": "Nearness to the middle of the selection",
    "norm": "Norm",
    "change": "Change of neighbours",
}
HELP = (
    "Nearness is the cosine distance to the mean direction of the selection; the change of neighbours is the share of "
    "the 10 nearest that compression replaces."
)


def grid(page: str, view: View, rows: NDArray[np.int64]) -> None:
    """Draw the selected rows (m,), a page at a time; a click opens the item."""
    order = _order(page, view)
    try:
        ranking = _ranked(page, view, rows, order)
    except QlatentError as err:  # such as vectors that are gone: the items are still shown
        parts.error_card(err)
        order = Order()
        ranking = _ranked(page, view, rows, order)
    pages = max(1, -(-len(rows) // PAGE))
    link = url_state.get(state.link_name(page))
    key = f"{page}_selected_page_{link}_{order}"  # another selection or order starts at its first page
    number = min(st.session_state.get(key, 1), pages)
    shown = cards.page(shell.workspace(), view.dataset, ranking, start=(number - 1) * PAGE, size=PAGE)
    images = browsing.thumbnails(shell.workspace(), [each.image for each in shown if each.image])
    with st.grid("auto", min_column_width=112, gap="xsmall"):
        for card in shown:
            with st.container(border=True, gap="xsmall", height="stretch"):
                _card(page, card, image=images.get(card.image or ""), figure=order.by != "row")
    if pages > 1:
        st.pagination(pages, key=key)


def _card(page: str, card: Card, *, image: bytes | None, figure: bool) -> None:
    words = card.text or card.id
    if image:
        st.image(image, width="stretch", alt=cut(words, limit=80))
    label = literal(words, limit=60 if image else 110)
    if st.button(label, key=f"{page}_selected_open_{card.row}", type="tertiary", help="Open this item"):
        url_state.put("row", card.row)
        url_state.put(f"{page}_tab", "item")
        st.rerun()
    said = f"{card.value:.3f}" if isinstance(card.value, float) else str(card.value or "")
    parts.labels([card.label, said if figure else None])


def _order(page: str, view: View) -> Order:
    """The control for the order; modality is asked for only where the map has two."""
    columns = [each for each in tables.columns(view.dataset) if each not in ("label", "text", "id")]
    usual = [each for each in ORDERS if each == "row" or (view.encoder and (each != "change" or view.run))]
    options = [*usual, *(f"column:{each}" for each in ("label", "text", *columns))]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        by = st.selectbox(
            "Sort by", options, key=f"{page}_selected_sort", help=HELP,
            format_func=lambda each: ORDERS.get(each, each.removeprefix("column:")),
        )  # fmt: skip
        descending = st.toggle("Descending", key=f"{page}_selected_descending")
        space = _space(page, view) if by in ("centre", "norm", "change") else None
    return Order(by, space, descending)


def _space(page: str, view: View) -> Space:
    modality = view.modality
    if modality not in stored.MODALITIES:
        widths = stored.widths(shell.workspace(), view.dataset, view.encoder)
        names = [each for each in stored.MODALITIES if each in widths]
        modality = st.segmented_control(
            "By the", names, default=names[0], required=True, key=f"{page}_selected_modality",
            format_func=lambda each: f"{each}s",
        ) or names[0]  # fmt: skip
    return Space(modality, "" if view.run else view.encoder, view.run, view.frame)


def _ranked(page: str, view: View, rows: NDArray[np.int64], order: Order) -> Ranking:
    workspace = shell.workspace()
    now = (str(workspace.path), view.dataset, url_state.get(state.link_name(page)))
    return _cached(now, browsing.state_of(workspace), order, rows)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={Order: repr})
def _cached(now: tuple[str, str, str], present: str, order: Order, _rows: NDArray[np.int64]) -> Ranking:
    return cards.ranked(shell.workspace(), now[1], _rows, order)
