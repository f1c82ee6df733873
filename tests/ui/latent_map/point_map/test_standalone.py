"""The file that opens offline."""

from __future__ import annotations

import base64
import json
import re

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.layout.quantised import quantise
from qlatent.ui.latent_map.point_map import Card, Cards, PointMap, classes, standalone_html

PLACES = quantise(np.random.default_rng(0).normal(size=(30, 2)))
NASTY = "</script><script>alert(1)</script>"


def data(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_file_holds_the_positions_and_fetches_nothing() -> None:
    page = standalone_html(PointMap(PLACES, title="My <map>"))
    held = data(page)
    tag = held["geometry"]["tag"]  # type: ignore[index]
    assert base64.b64decode(held["inline"][tag]) == PLACES.values.tobytes()  # type: ignore[index]
    assert "<title>My &lt;map&gt;</title>" in page
    assert "export default" not in page and not re.search(r'(src|href)="?https?:', page)


def test_foreign_text_cannot_end_the_script_it_stands_in() -> None:
    kinds = classes([NASTY] * 30, label=NASTY)
    page = standalone_html(PointMap(PLACES, kinds, cards=Cards("x", lambda row: Card(NASTY)), title=NASTY))
    assert NASTY not in page
    assert data(page)["cards"][3]["text"] == NASTY  # type: ignore[index]


def test_too_many_cards_are_refused() -> None:
    many = PointMap(quantise(np.zeros((20_001, 2))), cards=Cards("x", lambda row: Card()))
    with pytest.raises(InputError, match="holds at most 20,000 points; this map has 20,001"):
        standalone_html(many)
