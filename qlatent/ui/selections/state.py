"""The selection of a page: its definition stands in the URL, earlier ones in the session, and rows only in a cache."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.errors import QlatentError
from qlatent.services.datasets import browsing
from qlatent.services.selections import links, selections
from qlatent.services.selections.definitions import Definition, SetOf
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import parts, url_state

Mode = Literal["replace", "add", "remove", "intersect"]
MOST_UNDO = 50
_SETS: dict[str, Literal["union", "difference", "intersection"]] = {
    "add": "union",
    "remove": "difference",
    "intersect": "intersection",
}


def current(page: str) -> Definition | None:
    """The selection of this page, None if nothing is selected; a link that holds none raises `InputError`."""
    link = url_state.get(link_name(page))
    return links.from_link(link) if link else None


def select(page: str, definition: Definition | None, *, mode: Mode = "replace") -> None:
    """Replace the selection of a page, or combine it with this one; `undo` goes back.

    None selects nothing. A selection that is too long for a link raises `InputError`, and the present one stays.
    """
    before = url_state.get(link_name(page))
    if definition is not None and mode != "replace":
        definition = _combined(links.from_link(before) if before else None, definition, mode)
    _put(page, links.to_link(definition) if definition is not None else "")


def undo(page: str) -> None:
    """Go back to the selection before the last change."""
    earlier = _earlier(page)
    if earlier:
        _later(page).append(url_state.get(link_name(page)))
        url_state.put(link_name(page), earlier.pop())


def redo(page: str) -> None:
    """Take the last undo back."""
    later = _later(page)
    if later:
        _earlier(page).append(url_state.get(link_name(page)))
        url_state.put(link_name(page), later.pop())


def can_undo(page: str) -> bool:
    """Whether there is an earlier selection."""
    return bool(_earlier(page))


def can_redo(page: str) -> bool:
    """Whether an undo can be taken back."""
    return bool(_later(page))


def rows(page: str, dataset: str) -> NDArray[np.int64] | None:
    """The selected rows (m,) of a dataset, sorted; None if nothing is selected.

    A selection that cannot be resolved, since something it names is gone, is shown as an error and selects nothing.
    """
    link = url_state.get(link_name(page))
    if not link:
        return None
    workspace = shell.workspace()
    try:
        return _rows(str(workspace.path), dataset, link, browsing.state_of(workspace))
    except QlatentError as err:
        parts.error_card(err)
        if st.button("Clear the selection", key=f"{page}_selection_broken", icon=":material/close:"):
            select(page, None)
            st.rerun()
        return None


@st.cache_resource(max_entries=32, show_spinner=False)
def _rows(path: str, dataset: str, link: str, state: str) -> NDArray[np.int64]:
    return selections.resolve(shell.workspace(), dataset, links.from_link(link))


def _combined(before: Definition | None, new: Definition, mode: Mode) -> Definition | None:
    """The set operation of both; nothing selected is the empty set."""
    if before is None:
        return new if mode == "add" else None
    if isinstance(before, SetOf) and before.how == _SETS[mode] and mode != "remove":
        return SetOf(how=before.how, of=(*before.of, new))  # flat, so that many additions do not nest
    if isinstance(before, SetOf) and before.how == "difference" and mode == "remove":
        return SetOf(how="difference", of=(*before.of, new))
    return SetOf(how=_SETS[mode], of=(before, new))


def _put(page: str, link: str) -> None:
    before = url_state.get(link_name(page))
    if link == before:
        return
    earlier = _earlier(page)
    earlier.append(before)
    del earlier[:-MOST_UNDO]
    _later(page).clear()
    url_state.put(link_name(page), link)


def link_name(page: str) -> str:
    """The name under which the URL has the selection of a page."""
    return f"{page}_selection"


def _earlier(page: str) -> list[str]:
    links_before: list[str] = st.session_state.setdefault(f"{page}_selection_earlier", [])
    return links_before


def _later(page: str) -> list[str]:
    links_after: list[str] = st.session_state.setdefault(f"{page}_selection_later", [])
    return links_after
