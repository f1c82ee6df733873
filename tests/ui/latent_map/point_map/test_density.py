"""Pictures of density drawn by the server: where points lie, how full their colours are, and who gets an answer."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from qlatent.errors import InputError
from qlatent.layout.quantised import NOWHERE
from qlatent.ui.latent_map.point_map import delivery, density

RED, BLUE, GREY = 0xFF0000FF, 0xFFFF0000, 0xFF808080
PLACES = np.array([[0, 0], [0, 0], [0, 0], [4, 2], [5, 2], [9, 9], [NOWHERE, NOWHERE]], dtype=np.int16)
CODES = np.array([0, 0, 0, 1, 1, 0, 0], dtype=np.uint8)


def question(**changed: object) -> bytes:
    """Of a window of 8 × 4 pixels, in which a unit is a pixel; white ground."""
    tables = changed.pop("tables", [RED, BLUE, GREY, GREY])
    bits = changed.pop("bits", b"")
    given = {
        "width": 8, "height": 4, "matrix": [[1, 0, 0.5], [0, 1, 0.5]], "side": 1, "ground": [255, 255, 255],
        "frame": 0, "codes": None, "colours": 2, "selected": False,
    } | changed  # fmt: skip
    text = json.dumps(given).encode()
    assert isinstance(bits, bytes)
    return struct.pack("<I", len(text)) + text + np.array(tables, "<u4").tobytes() + bits


def picture(**changed: object) -> np.ndarray:
    return density.drawn(PLACES, CODES, density.asked(question(**changed), points=len(PLACES)))


def test_points_lie_in_their_pixels_the_fuller_the_more_there_are() -> None:
    found = picture()
    coloured = np.argwhere((found != 255).any(axis=2)).tolist()
    assert coloured == [[0, 0], [2, 4], [2, 5]]  # the others lie outside, or nowhere
    assert found[0, 0] == pytest.approx([255, 0, 0], abs=1)  # the most on a pixel: the full colour
    share = 0.35 + 0.65 * np.log(2) / np.log1p(np.quantile([3, 1, 1], 0.995))
    assert found[2, 4] == pytest.approx([255 * (1 - share), 255 * (1 - share), 255], abs=0.5)


def test_a_pixel_has_the_mean_colour_of_its_points_and_what_is_switched_off_is_not_drawn() -> None:
    both = picture(matrix=[[0, 0, 1], [0, 0, 1]])  # all on one pixel: four red, two blue
    assert both[1, 1] == pytest.approx([255 * 4 / 6, 0, 255 * 2 / 6], abs=1)
    off = picture(tables=[RED, 0, GREY, GREY])
    assert (off[2] == 255).all() and (off[0, 0] != 255).any()


def test_unselected_points_are_dimmed() -> None:
    found = picture(selected=True, bits=np.packbits([0, 0, 0, 1, 0, 0, 0]).tobytes())
    assert found[2, 4] == pytest.approx([0, 0, 255], abs=1)
    share = 0.35 * (0.35 + 0.65 * np.log(2) / np.log1p(np.quantile([3, 1], 0.995)))
    assert found[2, 5] == pytest.approx([255 + (128 - 255) * share] * 3, abs=0.5)


def test_a_point_has_its_size() -> None:
    found = picture(side=3, matrix=[[1, 0, 0.5], [0, 1, 0.5]])
    assert (found[1:4, 3:7, 2] == 255).all() and (found[1:4, 3:7, 0] < 255).all()
    assert (found[:, 7] == 255).all()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"width": 5000}, "5000 × 4 pixels"),
        ({"matrix": [[1, 0, 0, 0], [0, 1, 0, 0]]}, "points with 2 coordinates"),
        ({"matrix": [[1, None, 0], [0, 1, 0]]}, "The camera"),
        ({"colours": 9}, "no question for a picture"),
        ({"selected": True, "bits": b""}, "do not fit the points"),
        ({"selected": True, "bits": b"00"}, "do not fit the points"),
        ({"side": "wide"}, "no question for a picture"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(changed: dict[str, object], told: str) -> None:
    with pytest.raises(InputError, match=told):
        picture(**changed)


@pytest.fixture
def client() -> Iterator[TestClient]:
    before = delivery.SHELF.served
    yield TestClient(Starlette(routes=delivery.routes()), base_url="http://127.0.0.1:8501")
    delivery.SHELF.served = before


def test_the_route_draws_the_frame_of_a_tag_for_this_machine_alone(client: TestClient) -> None:
    tag = delivery.SHELF.put(np.stack([PLACES, PLACES + np.int16(1)]))
    path, colours = f"/points/density/{tag}", delivery.SHELF.put(CODES)
    answer = client.post(path, content=question(codes=colours, frame=0))
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"
    with Image.open(io.BytesIO(answer.content)) as drawn:
        assert np.asarray(drawn).tolist() == np.rint(picture()).astype(int).tolist()
    assert (
        client.post(path, content=question(codes=colours), headers={"Host": "evil.example"}).status_code
        == 403
    )
    assert client.post(path, content=question(frame=2)).status_code == 404
    assert client.post(path, content=question(codes="0000")).status_code == 404
    assert client.post("/points/density/0000", content=question()).status_code == 404
    assert client.post(path, content=b"no").status_code == 400
    assert client.post(path, content=b"0" * (2**20 + 2)).status_code == 413
