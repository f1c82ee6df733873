import io

import pytest
from PIL import Image

from qlatent.errors import StoreError
from qlatent.store.items.thumbnails import thumbnail


def drawn(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def opened(webp: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(webp))
    image.load()
    return image


@pytest.mark.parametrize(
    ("size", "small"),
    [((800, 400), (160, 80)), ((100, 1000), (16, 160)), ((50, 20), (50, 20)), ((1, 1), (1, 1))],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_thumbnails_keep_the_shape_and_never_grow(
    size: tuple[int, int], small: tuple[int, int], kind: str
) -> None:
    made = thumbnail(drawn(Image.new("RGB", size, (200, 30, 30)), kind), item="a")
    assert (made.width, made.height) == size
    image = opened(made.webp)
    assert image.format == "WEBP"
    assert image.size == small
    pixel = image.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert all(abs(got - drawn) <= 12 for got, drawn in zip(pixel, (200, 30, 30), strict=True))


def test_transparency_becomes_white() -> None:
    made = thumbnail(drawn(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG"), item="a")
    assert min(opened(made.webp).convert("L").getextrema()) >= 250


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1", "LA"])
def test_every_mode_is_turned_into_rgb(mode: str) -> None:
    kind = "JPEG" if mode == "CMYK" else "PNG"
    made = thumbnail(drawn(Image.new("RGB", (20, 20)).convert(mode), kind), item="a")
    assert opened(made.webp).mode == "RGB"


@pytest.mark.parametrize(
    "content", [b"", b"not an image", drawn(Image.effect_noise((64, 64), 50), "PNG")[:400]]
)
def test_an_image_that_cannot_be_decoded_is_named(content: bytes) -> None:
    with pytest.raises(StoreError, match="The image of item 'shoe-7' cannot be decoded") as caught:
        thumbnail(content, item="shoe-7")
    assert caught.value.remedy
