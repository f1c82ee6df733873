"""The selection of a page beside its map: what is selected, how it differs from the rest, and what to do with it."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.exports.choice import Choice
from qlatent.services.selections.definitions import Definition, SetOf
from qlatent.services.triage import queues
from qlatent.ui.selections import changes, state, tables
from qlatent.ui.selections.counts import apart, counts
from qlatent.ui.selections.downloads import downloads
from qlatent.ui.selections.filters import filters
from qlatent.ui.selections.grid import grid
from qlatent.ui.selections.kept import keep, kept
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import count

SECTIONS = {
    "items": "Items",
    "counts": "Counts",
    "apart": "What sets it apart",
    "filter": "Filter",
    "keep": "Keep",
    "kept": "Collections",
}
ALWAYS = ("filter", "kept")
PARTS = {"image": "image_hash", "text": "text"}


@shell.fragment
def panel(page: str, view: View) -> None:
    """Draw the selection of a page; without one, how to select."""
    rows = state.rows(page, view.dataset)
    _steps(page, selected=rows is not None)
    if rows is None:
        _how()
    else:
        _summary(view, rows)
    _triage(page, view, selected=rows is not None and len(rows) > 0)
    offered = SECTIONS if rows is not None else {name: SECTIONS[name] for name in ALWAYS}
    section = url_state.switch(f"{page}_selected", offered)
    if section == "filter":
        filters(page, view)
    elif section == "kept":
        kept(page, view.dataset, layout=view.layout)
    elif rows is not None:
        _section(page, view, rows, section=section)


def _section(page: str, view: View, rows: NDArray[np.int64], *, section: str) -> None:
    """One of the sections that need a selection with items."""
    selection = state.current(page)
    if not len(rows) or selection is None:
        st.info(
            "No item is selected. Undo the last step, or clear the selection.", icon=":material/search_off:"
        )
    elif section == "items":
        grid(page, view, rows)
    elif section == "counts":
        counts(page, view, rows)
    elif section == "apart":
        apart(page, view, rows)
    else:
        keep(page, view.dataset, selection)
        choice = Choice(definition=selection, encoder=view.encoder, layout=view.layout)
        downloads(f"{page}_selected", view.dataset, view.dataset, choice=choice, file="selection")


def _steps(page: str, *, selected: bool) -> None:
    """Undo, redo, invert and clear; each draws the whole page again."""
    with st.container(horizontal=True, gap="xsmall"):
        for name, label, can, icon in (
            ("undo", "Undo", state.can_undo(page), "undo"),
            ("redo", "Redo", state.can_redo(page), "redo"),
            ("invert", "Invert", selected, "invert_colors"),
            ("clear", "Clear", selected, "close"),
        ):
            key = f"{page}_selected_{name}"
            if st.button(label, key=key, icon=f":material/{icon}:", disabled=not can):
                _step(page, name)


def _step(page: str, name: str) -> None:
    if name == "undo":
        state.undo(page)
    elif name == "redo":
        state.redo(page)
    else:
        selection = state.current(page)
        changes.apply(page, inverted(selection) if name == "invert" and selection else None)
    st.rerun()


def inverted(selection: Definition) -> Definition:
    """All items but the selected ones; inverting twice gives the selection itself."""
    if isinstance(selection, SetOf) and selection.how == "complement":
        return selection.of[0]
    return SetOf(how="complement", of=(selection,))


def _summary(view: View, rows: NDArray[np.int64]) -> None:
    """How many items are selected, how many of them have images and texts, and how many are not on the map."""
    parts = {name: tables.filled(view.dataset, part) for name, part in PARTS.items()}
    total = len(parts["text"])
    st.markdown(f"**{len(rows):,} of {count(total, 'item')} selected**")
    known = {name: int(mask[rows[rows < total]].sum()) for name, mask in parts.items()}
    told = [count(number, name) for name, number in known.items() if number]
    away = len(np.setdiff1d(rows, view.rows, assume_unique=True))
    told += [f"{away:,} not on this map"] if away else []
    st.caption(" · ".join(told))


def _triage(page: str, view: View, *, selected: bool) -> None:
    """Lead to a group decision on what is selected, where the dataset has a queue."""
    made = (
        {each.id: each.name for each in queues.of_dataset(shell.workspace(), view.dataset)}
        if selected
        else {}
    )
    if not made:
        return
    with st.popover("Decide as a group", key=f"{page}_selected_triage", icon=":material/fact_check:"):
        queue = st.selectbox(
            "Queue", list(made), format_func=lambda each: made[each], key=f"{page}_selected_triage_queue"
        )
        st.caption("The page Triage shows examples of the group before anything is decided.")
        if st.button(
            "Look at the group",
            key=f"{page}_selected_triage_go",
            type="primary",
            icon=":material/arrow_forward:",
        ):
            link = url_state.get(state.link_name(page))
            url_state.go(
                "triage", queue=queue, case="", triage_section="groups", triage_selection=link, triage_how=""
            )


def _how() -> None:
    with st.container(border=True, gap="small"):
        st.markdown(":material/lasso_select: **Nothing is selected**")
        st.caption(
            "Draw a lasso or a box on the map, click a class in its legend, select what a search found, or choose "
            "values under Filter. The items then appear here, and you can keep them as a collection."
        )
