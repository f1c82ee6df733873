"""The selection of a page: combined, undone and read from the URL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st

from qlatent.errors import InputError
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Ids, SetOf
from qlatent.ui.selections import state

A, B, C = (Ids(ids=(name,)) for name in "abc")


@pytest.fixture(autouse=True)
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The URL and the session of one browser tab."""
    query: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", query)
    monkeypatch.setattr(st, "session_state", {})
    yield query


def test_a_selection_stands_in_the_url_under_the_name_of_its_page(url: dict[str, str]) -> None:
    state.select("explore", A)
    assert url == {"explore_selection": links.to_link(A)}
    assert state.current("explore") == A
    assert state.current("data") is None


def test_what_is_drawn_next_joins_leaves_or_narrows_the_selection() -> None:
    state.select("explore", A)
    state.select("explore", B, mode="add")
    state.select("explore", C, mode="add")
    assert state.current("explore") == SetOf(how="union", of=(A, B, C))
    state.select("explore", B, mode="remove")
    state.select("explore", C, mode="remove")
    assert state.current("explore") == SetOf(how="difference", of=(SetOf(how="union", of=(A, B, C)), B, C))
    state.select("explore", C)
    state.select("explore", B, mode="intersect")
    assert state.current("explore") == SetOf(how="intersection", of=(C, B))


@pytest.mark.parametrize(("mode", "found"), [("add", A), ("remove", None), ("intersect", None)])
def test_nothing_selected_is_the_empty_set(mode: state.Mode, found: Ids | None) -> None:
    state.select("explore", A, mode=mode)
    assert state.current("explore") == found


def test_changes_are_undone_and_done_again() -> None:
    for each in (A, B, None):
        state.select("explore", each)
    state.undo("explore")
    assert state.current("explore") == B
    state.undo("explore")
    state.undo("explore")
    assert state.current("explore") is None and not state.can_undo("explore")
    state.undo("explore")  # nothing earlier: nothing happens
    state.redo("explore")
    state.redo("explore")
    assert state.current("explore") == B
    state.select("explore", C)
    assert not state.can_redo("explore")


def test_the_same_selection_again_is_no_change() -> None:
    state.select("explore", A)
    state.select("explore", A)
    state.undo("explore")
    assert state.current("explore") is None


def test_a_selection_too_long_for_a_link_leaves_the_present_one() -> None:
    import secrets

    state.select("explore", A)
    with pytest.raises(InputError, match="too long for a link"):
        state.select("explore", Ids(ids=tuple(secrets.token_hex(8) for _ in range(2_000))))
    assert state.current("explore") == A


def test_a_link_that_holds_no_selection_is_refused(url: dict[str, str]) -> None:
    url["explore_selection"] = "nonsense"
    with pytest.raises(InputError, match="holds no selection"):
        state.current("explore")
