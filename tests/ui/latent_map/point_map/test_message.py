"""What a browser is sent for a map: a small description, and bytes once."""

from __future__ import annotations

import dataclasses
import json
import struct

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.layout.quantised import quantise
from qlatent.ui.latent_map.point_map import Card, Cards, Contour, PointMap, classes, events, message, ramp
from qlatent.ui.latent_map.point_map.delivery import SHELF

PLACES = quantise(np.random.default_rng(0).normal(size=(3, 40, 2)))
SPEC = PointMap(
    PLACES,
    classes(["a", "b"] * 20, label="kind"),
    sizes=np.arange(40, dtype=np.uint8),
    selection=np.arange(40) % 3 == 0,
    pairs=np.array([[0, 20], [1, 21]], dtype=np.int32),
)


def test_a_packed_message_holds_the_description_and_all_bytes() -> None:
    sent = message.packed(SPEC, height=300, more={"asks": True})
    (length,) = struct.unpack("<I", sent[:4])
    header = json.loads(sent[4 : 4 + length])

    def content(tag: str) -> bytes:
        at, size = header["inline"][tag]
        return sent[4 + length + at : 4 + length + at + size]

    assert content(header["geometry"]["tag"]) == PLACES.values.tobytes()
    assert content(header["colours"]["tag"]) == bytes([0, 1] * 20)
    assert content(header["pairs"]) == np.array([0, 20, 1, 21], "<i4").tobytes()
    bits = np.unpackbits(np.frombuffer(content(header["selection"]), np.uint8))[:40]
    assert bits.tolist() == [int(row % 3 == 0) for row in range(40)]
    assert (header["height"], header["asks"], header["geometry"]["frames"]) == (300, True, 3)


def test_a_served_message_stays_small_and_changes_only_what_changed() -> None:
    many = PointMap(quantise(np.zeros((100_000, 2))), ramp(np.arange(100_000.0), label="price"))
    sent = message.served(many, height=560)
    assert len(json.dumps(sent)) < 1500
    held = SHELF.bytes(sent["geometry"]["tag"])
    assert held is not None and held.nbytes == 400_000
    chosen = message.served(dataclasses.replace(many, selection=np.arange(100_000) < 5), height=560)
    assert {name for name in sent if sent[name] != chosen[name]} == {"selection"}


def test_contours_are_one_array_with_the_lengths_of_its_lines() -> None:
    lines = [np.array([[0.0, 1.0], [2.0, 3.5]]), np.array([[9.0, 9.0]]), np.array([[-4e4, 7.0]])]
    both = [Contour(lines[:2], "50 %"), Contour(lines[2:], colour="#ff0000", frame=2)]
    description, blobs = message.describe(dataclasses.replace(SPEC, contours=both))
    sent = description["contours"]
    assert blobs[sent["tag"]].dtype == "<f4" and blobs[sent["tag"]].tolist() == np.concatenate(lines).tolist()
    assert sent["parts"] == [
        {"label": "50 %", "colour": None, "frame": None, "corners": [2, 1]},
        {"label": "", "colour": "#ff0000", "frame": 2, "corners": [1]},
    ]


def test_cards_are_named_by_their_source() -> None:
    one = dataclasses.replace(SPEC, cards=Cards("shop", lambda row: Card(str(row)), pictures=True))
    sent = message.served(one, height=1)
    found = SHELF.cards(sent["cards"])
    assert found is not None and found.card(4).text == "4" and sent["pictures"] is True


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"colours": classes(["a"], label="kind")},
            r"colours has the shape \(1,\), but the map has 40 points",
        ),
        ({"selection": np.zeros(3, bool)}, r"selection has the shape \(3,\)"),
        ({"pairs": np.array([[0, 40]], np.int32)}, "pairs name rows outside 0–39"),
        (
            {"contours": [Contour([np.zeros((4, 3))])]},
            r"line has the shape \(4, 3\); expected \(corners, 2\)",
        ),
    ],
)
def test_what_does_not_fit_the_points_is_refused(changed: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        dataclasses.replace(SPEC, **changed)  # type: ignore[arg-type]


def test_an_event_is_read_from_what_the_browser_tells() -> None:
    drawn = {"polygon": "AAAAAAkAAAAJAPv/", "frame": 2, "mode": "add", "matrix": None, "axes": 2}
    event = events.read(
        {"lasso": drawn, "clicked": {"row": 4, "add": True}, "frame": 2, "hidden": [1], "camera": {"x": 1}}
    )
    assert event.lasso is not None and event.clicked is not None
    assert event.lasso.polygon.tolist() == [[0, 0], [9, 0], [9, -5]] and event.lasso.polygon.dtype == np.int16
    assert (event.lasso.frame, event.lasso.mode, event.clicked.row, event.clicked.add) == (2, "add", 4, True)
    assert (event.frame, event.hidden, event.pinned, event.camera) == (2, (1,), None, {"x": 1})
    assert events.read({}) == events.PointMapEvent()


def test_how_a_map_stands_is_told_with_its_turn_which_the_message_carries_back() -> None:
    told = {"hidden": {"value": [1], "turn": 7}, "camera": {"value": {"x": 1}, "turn": 9}, "frame": 2}
    event = events.read(told)
    assert (event.hidden, event.camera, event.frame) == ((1,), {"x": 1}, 2)
    assert events.heard(told) == {"camera": 9, "frame": 0, "hidden": 7, "pinned": 0}
