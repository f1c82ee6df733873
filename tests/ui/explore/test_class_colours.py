"""Own colours of classes and a fixed range stand in the URL, and hold where they mean the same."""

from __future__ import annotations

import numpy as np
import pytest
import streamlit as st

from qlatent.ui.explore import addresses, class_colours, colour_range, marks
from qlatent.ui.latent_map.point_map import Classes, classes, filled, ramp

KINDS = classes(["pear", "plum", "plum", ""], label="Kind")  # codes: pear 0, plum 1, none 2


@pytest.fixture(autouse=True)
def url(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    query: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", query)
    monkeypatch.setattr(st, "session_state", {})
    return query


def test_an_own_colour_replaces_that_of_its_class_alone(url: dict[str, str]) -> None:
    assert class_colours.chosen(KINDS) is KINDS and class_colours.fits(KINDS)
    url[addresses.CLASSES] = f"{marks.named(KINDS)}_0-ff0000"
    found = class_colours.chosen(KINDS)
    assert isinstance(found, Classes) and found.colours is not None
    assert filled(KINDS) == ("#e69f00", "#0072b2", "#9a9a9a")
    assert list(found.colours) == ["#ff0000", "#0072b2", "#9a9a9a"] and class_colours.fits(KINDS)
    other = classes(["pear", "plum"], label="Kind")
    assert class_colours.chosen(other) is other and not class_colours.fits(other)
    assert not class_colours.fits(ramp([1.0], label="Norm"))


@pytest.mark.parametrize("link", ["", "_0-xyz", "_0-ff00001", "_9-ff0000", "_0-ff0000_", "_-1-ff0000"])
def test_a_link_that_colours_nothing_is_left_out(url: dict[str, str], link: str) -> None:
    url[addresses.CLASSES] = f"{marks.named(KINDS)}{link}" if link else "nonsense"
    assert class_colours.chosen(KINDS) is KINDS and not class_colours.fits(KINDS)


def test_a_range_is_two_finite_numbers_or_each_frame(url: dict[str, str]) -> None:
    url[addresses.RANGE] = "-0.5~2e3"
    assert colour_range.asked() == (-0.5, 2000.0)
    url[addresses.RANGE] = "frames"
    assert colour_range.asked() == "frames"
    for link in ("", "1", "2~1", "1~1", "nan~1", "0~inf", "a~b", "1~2~3", "all", "-~-"):
        url[addresses.RANGE] = link
        assert colour_range.asked() is None, link


def test_classes_beyond_the_palette_have_colours_of_their_own() -> None:
    many = classes(np.arange(40).astype(str), label="Kind")
    assert len(set(filled(many))) == 40
