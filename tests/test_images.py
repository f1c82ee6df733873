"""Any picture becomes plain RGB without surprises."""

import io

import numpy as np
import pytest
from PIL import Image

from qlatent.images import UNREADABLE, decoded, on_white


def colour(image: Image.Image) -> tuple[int, ...]:
    assert image.mode == "RGB"
    return tuple(np.asarray(image)[0, 0].tolist())


def test_rgb_passes_unchanged() -> None:
    image = Image.new("RGB", (3, 2), (1, 2, 3))
    assert on_white(image) is image


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGBA", (2, 2), (255, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (2, 2), (255, 0, 0, 255)), (255, 0, 0)),
        (Image.new("RGBA", (2, 2), (0, 0, 0, 51)), (204, 204, 204)),
        (Image.new("LA", (2, 2), (0, 0)), (255, 255, 255)),
        (Image.new("L", (2, 2), 90), (90, 90, 90)),
        (Image.new("1", (2, 2), 1), (255, 255, 255)),
        (Image.new("CMYK", (2, 2), (0, 255, 255, 0)), (255, 0, 0)),
        (Image.new("F", (2, 2), 0.2), (51, 51, 51)),
        (Image.new("F", (2, 2), 200.0), (200, 200, 200)),
        (Image.new("F", (2, 2), float("nan")), (0, 0, 0)),
        (Image.new("I", (2, 2), 65535), (255, 255, 255)),
        (Image.new("I", (2, 2), 257 * 120), (120, 120, 120)),
        (Image.new("I", (2, 2), 12), (1, 1, 1)),
        (Image.new("I;16", (2, 2), 4095), (255, 255, 255)),
        (Image.new("I;16", (2, 2), 2048), (128, 128, 128)),
        (Image.new("F", (2, 2), 70_000.0), (255, 255, 255)),
        (Image.new("I;16", (2, 2), 257 * 70), (70, 70, 70)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)
def test_modes_are_converted_with_alpha_over_white(image: Image.Image, expected: tuple[int, ...]) -> None:
    assert colour(on_white(image)) == expected


def test_transparent_palette_colour_turns_white() -> None:
    image = Image.new("P", (2, 2), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    assert colour(on_white(image)) == (10, 20, 30)
    image.info["transparency"] = 0
    assert colour(on_white(image)) == (255, 255, 255)


def encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def test_a_file_is_decoded_to_rgb_over_white() -> None:
    assert colour(decoded(encoded(Image.new("RGBA", (2, 2), (255, 0, 0, 0)), "PNG"))) == (255, 255, 255)


def test_a_jpeg_is_decoded_smaller_where_that_is_large_enough() -> None:
    content = encoded(Image.new("RGB", (640, 480), (90, 90, 90)), "JPEG")
    assert decoded(content).size == (640, 480)
    assert decoded(content, side=100).size == (160, 120)


@pytest.mark.parametrize("content", [b"", b"no image", encoded(Image.new("RGB", (64, 64)), "PNG")[:60]])
def test_damaged_bytes_are_told_by_one_of_the_known_errors(content: bytes) -> None:
    with pytest.raises(UNREADABLE):
        decoded(content)
