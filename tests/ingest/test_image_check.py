"""Unusual and damaged images are normalised, or refused with a reason."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from PIL import Image

from qlatent.ingest.image_check import check_image
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow
from tests.ingest.builders import decoded, encoded, huge_png, picture, png

LIMITS = Limits()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_plain_pictures_keep_their_bytes(kind: str, mode: str) -> None:
    content = encoded(picture(mode=mode), kind)
    checked = check_image(content, limits=LIMITS)
    assert checked.content == content
    assert checked.changes == ()
    assert (checked.width, checked.height) == (24, 16)


@pytest.mark.parametrize("decode", [True, False])
def test_a_picture_of_30000_by_30000_is_refused_by_its_header(decode: bool) -> None:
    content = huge_png(30_000)
    assert len(content) < 200
    start = time.perf_counter()
    with pytest.raises(RefusedRow, match=r"has 900,000,000 pixels; the limit is 89,000,000"):
        check_image(content, limits=LIMITS, decode=decode)
    assert time.perf_counter() - start < 1


def test_the_limit_in_pixels_is_that_of_the_settings() -> None:
    with pytest.raises(RefusedRow, match=r"24 × 16 = 384 pixels; the limit is 383"):
        check_image(png(), limits=Limits(max_image_pixels=383))
    assert check_image(png(), limits=Limits(max_image_pixels=384)).width == 24


def test_more_bytes_than_allowed_are_refused() -> None:
    with pytest.raises(RefusedRow, match=r"bytes; the limit is 10$"):
        check_image(png(), limits=Limits(max_image_bytes=10))


@pytest.mark.parametrize("decode", [True, False])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_cut_off_pictures_are_refused(kind: str, decode: bool) -> None:
    content = encoded(picture(size=(200, 200)), kind)
    with pytest.raises(RefusedRow, match="damaged or cut off"):
        check_image(content[: len(content) * 2 // 3], limits=LIMITS, decode=decode)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello, I am a text", "not an image"),
        (b"<!DOCTYPE html><html>", "not an image but a web page"),
        (b"<svg xmlns='...'/>", "an SVG drawing"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "not an image"),
    ],
)
def test_other_files_are_refused_and_named(content: bytes, reason: str) -> None:
    with pytest.raises(RefusedRow, match=reason):
        check_image(content, limits=LIMITS)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken(kind: str) -> None:
    frames = [picture(seed=seed) for seed in range(3)]
    options = {"lossless": True} if kind == "WEBP" else {}
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **options)
    checked = check_image(content, limits=LIMITS)
    assert "first frame of an animation taken" in checked.changes
    with Image.open(io.BytesIO(checked.content)) as image:
        assert getattr(image, "n_frames", 1) == 1
    tolerance = 40 if kind == "GIF" else 1  # a GIF has a palette
    assert np.abs(decoded(checked.content).astype(int) - np.asarray(frames[0])).mean() < tolerance


def test_a_cmyk_jpeg_becomes_rgb_of_the_same_colours() -> None:
    content = encoded(picture().convert("CMYK"), "JPEG", quality=95)
    checked = check_image(content, limits=LIMITS)
    assert checked.changes == ("CMYK converted to RGB",)
    with Image.open(io.BytesIO(checked.content)) as image:
        assert (image.mode, image.format) == ("RGB", "JPEG")
    assert np.abs(decoded(checked.content).astype(int) - np.asarray(picture())).mean() < 8


def test_a_turned_jpeg_is_stored_upright_and_without_the_mark() -> None:
    exif = Image.Exif()
    exif[274] = 6  # shown turned clockwise by 90 degrees
    upright = picture(size=(24, 16)).rotate(-90, expand=True)
    content = encoded(picture(size=(24, 16)), "JPEG", quality=95, exif=exif)
    checked = check_image(content, limits=LIMITS)
    assert checked.changes == ("turned upright (EXIF)",)
    assert (checked.width, checked.height) == (16, 24)
    with Image.open(io.BytesIO(checked.content)) as image:
        assert 274 not in image.getexif()
    assert np.abs(decoded(checked.content).astype(int) - np.asarray(upright)).mean() < 8


def test_an_upright_mark_changes_nothing() -> None:
    exif = Image.Exif()
    exif[274] = 1
    content = encoded(picture(), "JPEG", exif=exif)
    assert check_image(content, limits=LIMITS).content == content


def test_a_16_bit_png_is_scaled_and_not_cut_to_white() -> None:
    values = np.linspace(0, 65_535, 16 * 16).reshape(16, 16).astype(np.uint16)
    checked = check_image(encoded(Image.fromarray(values), "PNG"), limits=LIMITS)
    assert checked.changes == ("16-bit grey converted to RGB",)
    assert np.abs(decoded(checked.content)[..., 0] - values / 257.0).max() <= 1


def test_a_dark_16_bit_png_stays_dark() -> None:
    values = np.full((8, 8), 200, dtype=np.uint16)
    checked = check_image(encoded(Image.fromarray(values), "PNG"), limits=LIMITS)
    assert set(decoded(checked.content).ravel()) == {round(200 / 4095 * 255)}


def test_twelve_bits_in_a_16_bit_png_stay_visible() -> None:
    values = np.linspace(0, 4_095, 16 * 16).reshape(16, 16).astype(np.uint16)
    checked = check_image(encoded(Image.fromarray(values), "PNG"), limits=LIMITS)
    assert np.abs(decoded(checked.content)[..., 0] - values / 4_095 * 255).max() <= 1


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\0\0\0\x18ftypheic" + bytes(40), "a HEIC photo; save it as JPEG"),
        (b"\xff\x0a" + bytes(40), "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "a JPEG XL picture"),
        (b"\0\0\0\x20ftypisom" + bytes(40), "a video"),
    ],
)
def test_pictures_of_other_kinds_are_refused_by_their_kind(content: bytes, what: str) -> None:
    with pytest.raises(RefusedRow, match=f"not an image but {what}"):
        check_image(content, limits=LIMITS)


def test_a_palette_png_with_transparency_is_laid_on_white() -> None:
    image = Image.new("P", (4, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([0, 0, 1, 1])
    checked = check_image(encoded(image, "PNG", transparency=b"\x00\xff"), limits=LIMITS)
    assert checked.changes == ("transparency laid on white",)
    assert decoded(checked.content).tolist() == [[[255, 255, 255]] * 2 + [[0, 255, 0]] * 2]


def test_half_transparent_colours_mix_with_white() -> None:
    image = Image.new("RGBA", (2, 2), (0, 0, 0, 128))
    checked = check_image(encoded(image), limits=LIMITS)
    assert np.abs(decoded(checked.content).astype(int) - 127).max() <= 1


def test_a_transparent_colour_of_an_rgb_png_becomes_white() -> None:
    image = Image.new("RGB", (2, 1), (10, 20, 30))
    image.putpixel((1, 0), (1, 2, 3))
    checked = check_image(encoded(image, transparency=(10, 20, 30)), limits=LIMITS)
    assert decoded(checked.content).tolist() == [[[255, 255, 255], [1, 2, 3]]]


@pytest.mark.parametrize("kind", ["BMP", "TIFF"])
def test_formats_that_browsers_do_not_show_are_rewritten_without_loss(kind: str) -> None:
    checked = check_image(encoded(picture(), kind), limits=LIMITS)
    assert checked.changes == (f"{kind} rewritten as PNG",)
    assert np.array_equal(decoded(checked.content), np.asarray(picture()))


def test_rewriting_gives_the_same_bytes_every_time() -> None:
    content = encoded(picture().convert("CMYK"), "JPEG")
    first, second = (check_image(content, limits=LIMITS) for _ in range(2))
    assert first.content == second.content


def test_random_damage_never_raises_anything_but_a_refusal() -> None:
    random = np.random.default_rng(5)
    originals = [
        encoded(picture(size=(60, 60)), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP")
    ]
    refused = 0
    for turn in range(180):
        content = bytearray(originals[turn % len(originals)])
        for place in random.integers(0, len(content), 12):
            content[place] = random.integers(256)
        for decode in (True, False):
            try:
                check_image(bytes(content), limits=LIMITS, decode=decode)
            except RefusedRow:
                refused += 1
    assert refused > 100
