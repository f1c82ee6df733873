"""The hits of a search as cards, one list for each space, with what a latent space gained and lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Source
from qlatent.services.search.neighbours import Hit, Space
from qlatent.ui.search import item, question
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import parts, url_state
from qlatent.ui.shell.formatting import count, cut, encoder_name, literal

METRICS = {"euclidean": "Euclidean distance", "log_fidelity": "log-fidelity"}


@dataclass(frozen=True)
class Shelf:
    """Where hits are drawn: the page, the dataset, and what selects the best hits of a space, `most` of them."""

    page: str
    source: Source
    select: Callable[[Space, int], None]
    most: int  # hits that can be selected


def side_by_side(shelf: Shelf, spaces: Sequence[Space]) -> None:
    """Draw what each space found."""
    if len(spaces) == 1:
        _space(shelf, spaces[0], number=0, title="Nearest items")
        return
    with st.grid(len(spaces), min_column_width=300, gap="medium") as grid:
        for number, space in enumerate(spaces):
            with grid.cell():
                _space(shelf, space, number=number, title="Before compression")


def _space(shelf: Shelf, space: Space, *, number: int, title: str) -> None:
    """One space; `title` is that of the vectors, whose own is the key of their encoder."""
    gained = sum(hit.gained for hit in space.hits)
    is_input = space.title == shelf.source.encoder
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title if is_input else literal(space.title, limit=60)}**", width="content")
        if space.head:
            st.badge(f"{gained} gained, {len(space.lost)} lost", color="orange" if gained else "green")
        _selecting(shelf, space, number=number)
    where = f" of {encoder_name(space.title)}" if is_input else ""
    st.caption(
        f"{count(len(space.hits), 'item')} by {METRICS.get(space.metric, space.metric)}{where}, {space.how}"
    )
    if not space.hits:
        st.info("No item matches.", icon=":material/search_off:")
        return
    _cards(shelf, space.hits, prefix=f"{number}")
    if space.lost:
        with st.expander(f"Lost: {len(space.lost)}", key=f"{shelf.page}_search_lost_{number}"):
            st.caption("Among the nearest before compression, but not after it.")
            _cards(shelf, space.lost, prefix=f"{number}_lost")


def _selecting(shelf: Shelf, space: Space, *, number: int) -> None:
    """Buttons that select the shown hits, or all that match."""
    shown, key = len(space.hits), f"{shelf.page}_search_select_{number}"
    if shown and st.button("Select these", key=key, icon=":material/select_all:"):
        shelf.select(space, shown)
    if space.found > shown:
        every = min(space.found, shelf.most)
        label = f"Select all {every:,}" if every == space.found else f"Select the best {every:,}"
        if st.button(label, key=f"{key}_all", icon=":material/select_all:"):
            shelf.select(space, every)


def _cards(shelf: Shelf, found: Sequence[Hit], *, prefix: str) -> None:
    workspace = shell.workspace()
    items = scenes.items(workspace, shelf.source, [hit.row for hit in found])
    images = browsing.thumbnails(workspace, [each["image_hash"] for each in items if each["image_hash"]])
    with st.grid("auto", min_column_width=150, gap="small") as grid:
        for place, (hit, each) in enumerate(zip(found, items, strict=True)):
            with grid.cell(), st.container(border=True, gap="xsmall", height="stretch"):
                image = images.get(each["image_hash"] or "")
                if image:
                    st.image(image, width="stretch", alt=cut(each["text"] or hit.id, limit=80))
                parts.foreign(each["text"] or hit.id, limit=90)
                parts.labels([each["label"], f"{hit.score:.3f}", "gained" if hit.gained else None])
                _actions(shelf, hit, key=f"{shelf.page}_search_{prefix}_{place}")


def _actions(shelf: Shelf, hit: Hit, *, key: str) -> None:
    dataset = shelf.source.dataset
    with st.container(horizontal=True, gap="xsmall"):
        _act(key, "open", ":material/open_in_new:", "Open this item", _open, (shelf.page, hit.row))
        _act(
            key, "like", ":material/join_inner:", "More like this", question.like,
            (shelf.page, dataset, hit.id),
        )  # fmt: skip
        for side, icon, told in (
            ("plus", ":material/add:", "Add to the search"),
            ("minus", ":material/remove:", "Subtract from the search"),
        ):
            _act(key, side, icon, told, _join, (shelf.page, dataset, hit.id, side))


def _act(key: str, name: str, icon: str, told: str, done: Callable[..., None], args: tuple[Any, ...]) -> None:
    st.button("", key=f"{key}_{name}", icon=icon, help=told, on_click=done, args=args, type="tertiary")


def _open(page: str, row: int) -> None:
    if page == "explore":
        url_state.put("row", row)
        url_state.put("explore_tab", "item")
    else:
        url_state.put(item.NAME, row)


def _join(page: str, dataset: str, item: str, side: str) -> None:
    question.join(page, dataset, item, side=side)
