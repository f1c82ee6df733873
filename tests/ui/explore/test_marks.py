"""Classes that are switched off and pinned points stand in the URL, and hold where they mean the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import streamlit as st

from qlatent.layout.quantised import quantise
from qlatent.services.scenes.scenes import Scene, Source
from qlatent.ui.explore import addresses, marks
from qlatent.ui.latent_map.point_map import PointMapEvent, classes, events, ramp

ROWS = np.array([4, 7, 9])


@pytest.fixture(autouse=True)
def url(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    query: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", query)
    monkeypatch.setattr(st, "session_state", {})
    return query


def scene(*modalities: str) -> Scene:
    shown = cast("Any", SimpleNamespace(rows=ROWS, modalities=modalities))
    places = np.zeros((1, len(ROWS) * len(modalities), 2))
    return Scene(Source(dataset="shop"), shown, quantise(places))


def test_classes_that_are_switched_off_come_back_for_the_same_names_alone(url: dict[str, str]) -> None:
    kinds = classes([f"{number:02}" for number in range(30)], label="Kind")
    off = [*range(12), 14, *range(16, 30)]
    marks.put(scene("text"), PointMapEvent(hidden=tuple(reversed(off))), kinds)
    assert len(url[addresses.HIDDEN]) < 30 and marks.hidden(kinds) == tuple(off)
    assert marks.hidden(classes([f"{number:02}" for number in range(29)], label="Kind")) == ()
    assert marks.hidden(classes([f"{number:02}" for number in range(30)], label="Seller")) == ()
    assert marks.hidden(ramp([1.0, 2.0], label="Norm")) == () == marks.hidden(None)
    marks.put(scene("text"), PointMapEvent(frame=1), kinds)
    assert marks.hidden(kinds) == tuple(off)  # what did not happen changes nothing
    marks.put(scene("text"), PointMapEvent(hidden=()), kinds)
    assert addresses.HIDDEN not in url


def test_pinned_points_are_items_with_their_modality(url: dict[str, str]) -> None:
    both = scene("image", "text")
    marks.put(both, PointMapEvent(pinned=(1, 5, 600)), None)
    assert url[addresses.PINNED] == "7-image_9-text"
    assert marks.pinned(both) == (1, 5)
    assert marks.pinned(scene("text")) == (2,)
    marks.put(both, PointMapEvent(pinned=()), None)
    assert addresses.PINNED not in url


@pytest.mark.parametrize("link", ["", "x", "1-2-3", "9-sound", "-1-text", "99999999999999-text", "_"])
def test_a_link_that_marks_nothing_is_left_out(url: dict[str, str], link: str) -> None:
    url[addresses.PINNED] = url[addresses.HIDDEN] = link
    assert marks.pinned(scene("text")) == () and marks.hidden(classes("ab", label="x")) == ()


def test_each_thing_that_happened_is_told_by_itself() -> None:
    state = {"hidden": [3], "frame": 2, "cleared": True}  # how the map stands, and what happened now
    happened = events.only(events.read(state), "cleared")
    assert happened == PointMapEvent(cleared=True)
