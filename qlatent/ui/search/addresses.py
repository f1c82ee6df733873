"""The search of a page in its URL: a link reopens the question, where it looks and its filters."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from qlatent.errors import InputError
from qlatent.services.search import queries
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Column, Search, SetOf
from qlatent.ui.shell import url_state

BY, TEXT, WORDS, IMAGE, ITEMS, SAVED = "by", "text", "words", "image", "items", "saved"
AMONG, COUNT, HEADS, WHERE, ENCODER = "in", "k", "heads", "where", "encoder"
_ALL = (BY, TEXT, WORDS, IMAGE, ITEMS, SAVED, AMONG, COUNT, HEADS, WHERE, ENCODER)
_NONE = "none"


def name(page: str, what: str) -> str:
    """The name in the URL, which carries the page."""
    return f"{page}_search_{what}"


def names(page: str) -> list[str]:
    """All names of a page's search."""
    return [name(page, each) for each in _ALL]


def get(page: str, what: str) -> str:
    """A choice of the search."""
    return url_state.get(name(page, what))


def put(page: str, what: str, value: object) -> None:
    """Store a choice of the search; an empty value removes it."""
    url_state.put(name(page, what), value)


def typed(page: str, what: str, key: str) -> str:
    """Give a text field the text in the URL before it is drawn, and return the function that stores what is typed."""
    written = get(page, what)
    if st.session_state.get(key) != written:
        st.session_state[key] = written
    put(page, what, written)  # also where only the session carried it here
    return written


# --- what belongs to one dataset: its id stands before it --------------------------------------------------


def terms(page: str, dataset: str) -> dict[str, list[str]]:
    """The ids of the items that are added (`plus`) and taken away (`minus`)."""
    found: dict[str, list[str]] = {"plus": [], "minus": []}
    link = _of(page, ITEMS, dataset)
    if link:
        definition = links.from_link(link)
        if not isinstance(definition, Search):
            raise InputError("This link names no items to search with.", remedy="Choose the items again.")
        for term in queries.of(definition.search).terms:
            found["plus" if term.weight > 0 else "minus"].append(str(term.value))
    return found


def put_terms(page: str, dataset: str, chosen: dict[str, list[str]]) -> None:
    """Store the items to search with."""
    query = queries.items(chosen["plus"], chosen["minus"])
    _put(page, ITEMS, dataset, links.to_link(Search(search=query.document())) if query.terms else "")


def where(page: str, dataset: str) -> tuple[Column, ...]:
    """The filters; a link that holds none raises `InputError`."""
    link = _of(page, WHERE, dataset)
    if not link:
        return ()
    definition = links.from_link(link)
    found = definition.of if isinstance(definition, SetOf) else ()
    columns = tuple(each for each in found if isinstance(each, Column))
    if not columns or len(columns) < len(found):
        raise InputError("The filters in this link cannot be read.", remedy="Choose the filters again.")
    return columns


def put_where(page: str, dataset: str, columns: Sequence[Column]) -> None:
    """Store the filters."""
    link = links.to_link(SetOf(how="intersection", of=tuple(columns))) if columns else ""
    _put(page, WHERE, dataset, link)


def heads(page: str, source: str) -> list[str] | None:
    """The ids of the heads to compare with on a dataset or a run, None if nothing was chosen there."""
    chosen = _of(page, HEADS, source)
    return None if not chosen else [each for each in chosen.split(",") if each != _NONE]


def put_heads(page: str, source: str, chosen: Sequence[str]) -> None:
    """Store the heads; none is a choice, too."""
    _put(page, HEADS, source, ",".join(chosen) or _NONE)


def _of(page: str, what: str, source: str) -> str:
    owner, _, value = get(page, what).partition(":")
    return value if owner == source else ""


def _put(page: str, what: str, source: str, value: str) -> None:
    put(page, what, f"{source}:{value}" if value else "")
