"""What a person does on one of several linked maps, and which items it selects."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import streamlit as st

from qlatent.errors import InputError
from qlatent.services.experiments.side_by_side import SideBySide, Space
from qlatent.services.scenes.scenes import Source
from qlatent.services.selections.definitions import Ids
from qlatent.ui.compare import linked_maps
from qlatent.ui.compare.linked_maps import Shown
from qlatent.ui.latent_map.linked import told
from qlatent.ui.latent_map.point_map import Clicked, Lasso, PointMapEvent
from qlatent.ui.selections import state

SQUARE = np.array([[-32767, -32767], [0, -32767], [0, 32767], [-32767, 32767]], dtype=np.int16)
PLACES = np.array([[-3, 0], [-2, 1], [1, 0], [2, -1], [-1, 2], [2, 1], [2, -2], [-1, -1]], dtype=float)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Four items, each an image and a text; the figures below the maps are not needed here."""
    monkeypatch.setattr(st, "query_params", {})
    monkeypatch.setattr(st, "session_state", {})
    unused = cast("Any", SimpleNamespace())
    change, trust = np.linspace(0, 1, 8), np.linspace(1, 0.5, 8)
    space = Space(
        "r1",
        "acqua, 2-d",
        2,
        PLACES,
        np.linalg.norm(PLACES, axis=1),
        1.0,
        change,
        trust,
        unused,
        unused,
        unused,
    )
    found = SideBySide(
        rows=np.array([10, 20, 30, 40]), modalities=("image", "text"), ids=["a", "b", "c", "d"],
        labels=["x", "y", "", "x"], heldout=np.zeros(4, dtype=bool), total=4, spaces=[space],
    )  # fmt: skip
    return Shown(found, Source(dataset="pairs"), "change", "", None)


def done(shown: Shown, **what: object) -> None:
    event = PointMapEvent(**what)  # type: ignore[arg-type]
    told(partial(linked_maps.happened, shown, 0), linked_maps.REFUSED, event)


def selected() -> tuple[str, ...] | None:
    found = state.current("compare")
    assert found is None or isinstance(found, Ids)
    return found.ids if found else None


def test_a_lasso_selects_the_items_of_the_points_in_it(shown: Shown) -> None:
    done(shown, lasso=Lasso(SQUARE, 0, "replace"))
    assert selected() == ("a", "b", "d")  # images of a and b, texts of a and d
    done(replace(shown, modality="image"), lasso=Lasso(SQUARE, 0, "replace"))
    assert selected() == ("a", "b")
    done(shown, lasso=Lasso(SQUARE[:2], 0, "replace"))
    assert selected() == ("a", "b")  # a line holds nothing, and nothing is lost
    done(replace(shown, picked=np.array([10, 30])), lasso=Lasso(SQUARE, 0, "add"))
    assert selected() == ("a", "b", "c", "d")
    done(replace(shown, picked=np.array([10, 30])), lasso=Lasso(SQUARE, 0, "remove"))
    assert selected() == ("c",)
    done(shown, cleared=True)
    assert selected() is None


def test_a_click_shows_the_item_and_with_shift_joins_or_leaves(shown: Shown) -> None:
    done(shown, clicked=Clicked(6, add=False))
    assert st.query_params["row"] == "30" and selected() is None
    done(shown, clicked=Clicked(6, add=True))
    assert selected() == ("c",)
    done(replace(shown, picked=np.array([30])), clicked=Clicked(2, add=True))
    assert selected() is None


def test_colours_have_one_range_in_all_spaces(shown: Shown) -> None:
    (space,) = shown.found.spaces
    change = linked_maps.colours(shown, space)
    assert isinstance(change, linked_maps.Ramp) and (change.low, change.high) == (0, 1)
    assert change.codes.tolist() == np.rint(np.linspace(0, 1, 8) * 254).astype(int).tolist()
    false = linked_maps.colours(replace(shown, colour="false", modality="text"), space)
    assert isinstance(false, linked_maps.Ramp) and false.codes[-1] == 254 and len(false.codes) == 4
    label = linked_maps.colours(replace(shown, colour="label", modality="text"), space)
    assert isinstance(label, linked_maps.Classes)
    assert [label.names[code] for code in label.codes] == ["x", "y", "no value", "x"]
    kind = linked_maps.colours(replace(shown, colour="modality"), space)
    assert isinstance(kind, linked_maps.Classes)
    assert [kind.names[code] for code in kind.codes] == ["Image"] * 4 + ["Text"] * 4


def test_what_cannot_be_selected_is_told_when_the_page_is_drawn(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InputError("The selection is too long for a link.")

    monkeypatch.setattr(state, "select", refuse)
    done(shown, lasso=Lasso(SQUARE, 0, "replace"))
    assert "too long" in st.session_state[linked_maps.REFUSED].message


def test_a_selection_of_another_dataset_is_forgotten_but_not_that_of_a_link(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "rows", lambda _, dataset: np.array([1]) if st.query_params else None)
    state.select("compare", Ids(ids=("a",)))
    link = st.query_params["compare_selection"]
    assert linked_maps.selected("pairs") is not None and linked_maps.selected("pairs") is not None
    assert linked_maps.selected("others") is None and "compare_selection" not in st.query_params
    st.query_params["compare_selection"] = link  # Back
    assert linked_maps.selected("pairs") is not None
