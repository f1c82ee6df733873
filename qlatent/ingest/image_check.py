"""Check images and normalise them to bytes that decode to upright RGB.

Plain images (JPEG, PNG, WebP, AVIF; RGB or grey; one frame; upright) keep their bytes, so that equal files stay equal.
All others are decoded and re-encoded: as JPEG (quality 95) if the original was a JPEG, else as PNG. The changes are
returned in plain words.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from qlatent.images import on_white
from qlatent.ingest.git_lfs import is_pointer
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""The formats that are tried; other readers of Pillow start programs (EPS) or are hardly tested."""
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
_KEPT_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "AVIF")
_JPEG_MAX_SIDE = 65_000
_JPEG_END = b"\xff\xd9"
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"MM\0+", b"II+\0")


def is_picture(content: bytes) -> bool:
    """Whether the bytes start like an image of a supported format."""
    boxed = (content[:4] == b"RIFF" and content[8:12] == b"WEBP") or content[4:12] in (
        b"ftypavif",
        b"ftypavis",
    )
    return boxed or content.startswith(_STARTS)


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """Image bytes that decode to upright RGB, with their size in pixels and the changes made."""

    content: bytes
    width: int
    height: int
    changes: tuple[str, ...] = ()


def check_image(content: bytes, *, limits: Limits, decode: bool = True) -> CheckedImage:
    """The image to store; raises `RefusedRow` if it is too large, damaged or not an image.

    The size is read from the header, so a huge image is refused without decoding. With `decode=False` nothing is
    decoded or changed; only header, checksums (PNG) and the end of the file (JPEG) are checked.
    """
    if not content:
        raise RefusedRow("the image file is empty (0 bytes)")
    if len(content) > limits.max_image_bytes:
        raise RefusedRow(
            f"the image file has {len(content):,} bytes; the limit is {limits.max_image_bytes:,}"
        )
    with _opened(content, limits=limits) as image:
        if image.width * image.height > limits.max_image_pixels:
            raise RefusedRow(
                _too_many(image.width * image.height, limits, f"{image.width} × {image.height} = ")
            )
        if not decode:
            return _header_checked(image, content)
        changes = _needed_changes(image)
        image.load()
        size = image.size
        if changes:
            content, size = _rewritten(image)
    return CheckedImage(content, *size, changes)


@contextmanager
def _opened(content: bytes, *, limits: Limits) -> Iterator[Image.Image]:
    """The opened image; converts all errors of Pillow on damaged files to `RefusedRow`."""
    with warnings.catch_warnings():
        # Pillow warns about large images and odd EXIF data; our limits decide instead.
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                yield image
        except RefusedRow:
            raise
        except Image.DecompressionBombError as err:
            pixels = int((re.search(r"\d+", str(err)) or [str(limits.max_image_pixels + 1)])[0])
            raise RefusedRow(_too_many(pixels, limits)) from err
        except UnidentifiedImageError as err:
            raise RefusedRow(_not_an_image(content)) from err
        except (
            Exception
        ) as err:  # readers raise nearly any error on damaged data: OSError, SyntaxError, struct.error
            raise RefusedRow(f"the image is damaged or cut off ({_short(err)})") from err


def _too_many(pixels: int, limits: Limits, shape: str = "") -> str:
    return f"the image has {shape}{pixels:,} pixels; the limit is {limits.max_image_pixels:,}"


def _not_an_image(content: bytes) -> str:
    if is_pointer(content):
        return "not an image but a Git LFS pointer to one; fetch it with `git lfs pull`"
    start = content[:64].lstrip().lower()
    kinds = {b"<!doctype": "a web page", b"<html": "a web page", b"<svg": "an SVG drawing",
             b"<?xml": "an XML file", b"%pdf": "a PDF", b"pk\x03\x04": "a zip archive"}  # fmt: skip
    what = next((kind for mark, kind in kinds.items() if start.startswith(mark)), "") or _other_picture(
        content
    )
    return (
        f"not an image{f' but {what}' if what else ''} (JPEG, PNG, WebP, GIF, BMP, TIFF and AVIF can be read)"
    )


def _other_picture(content: bytes) -> str:
    """Description of a known but unsupported image format, or ""."""
    if content[4:8] == b"ftyp" and content[8:12] in (
        b"heic",
        b"heix",
        b"hevc",
        b"heim",
        b"heis",
        b"mif1",
        b"msf1",
    ):
        return "a HEIC photo; save it as JPEG"
    if content.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return "a JPEG XL picture; save it as PNG or JPEG"
    if content.startswith(b"8BPS"):
        return "a Photoshop document; save it as PNG"
    is_video = content[4:8] == b"ftyp" or content.startswith(b"\x1aE\xdf\xa3")
    return "a video" if is_video else ""


def _short(err: Exception) -> str:
    words = str(err).splitlines()[0] if str(err) else type(err).__name__
    return words[:100]


def _header_checked(image: Image.Image, content: bytes) -> CheckedImage:
    """Checks an image without decoding; a JPEG without end marker is truncated (cameras may append a trailer)."""
    if image.format in ("JPEG", "MPO"):
        if _JPEG_END not in content[-65_536:]:
            raise RefusedRow("the image is damaged or cut off (its end is missing)")
    else:
        image.verify()
    return CheckedImage(content, *image.size)


def _needed_changes(image: Image.Image) -> tuple[str, ...]:
    """The changes that make the image plain, in plain words, in a fixed order."""
    changes = []
    several = getattr(image, "is_animated", False)  # counting frames would read all of them
    if several and image.format != "MPO":  # the other images of an MPO are previews of the first
        changes.append("first frame of an animation taken" if image.format != "TIFF" else "first page taken")
    if image.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9):
        changes.append("turned upright (EXIF)")
    if _is_transparent(image):
        changes.append("transparency laid on white")
    elif image.mode not in ("RGB", "L"):
        changes.append(f"{_mode_in_words(image.mode)} converted to RGB")
    if image.format not in _KEPT_FORMATS and not changes:
        changes.append(f"{image.format} rewritten as PNG")
    return tuple(changes)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info


def _mode_in_words(mode: str) -> str:
    names = {"P": "palette", "1": "black and white", "I": "16-bit grey", "F": "floating-point grey"}
    return names.get(mode, "16-bit grey" if mode.startswith("I;16") else mode)


def _rewritten(image: Image.Image) -> tuple[bytes, tuple[int, int]]:
    """The image re-encoded, and its size in pixels; deterministic."""
    kind = image.format
    plain = _upright_rgb(image)
    out = io.BytesIO()
    if kind in ("JPEG", "MPO") and max(plain.size) <= _JPEG_MAX_SIDE:
        plain.save(out, "JPEG", quality=95, subsampling=0)
    else:
        plain.save(out, "PNG")
    return out.getvalue(), plain.size


def _upright_rgb(image: Image.Image) -> Image.Image:
    upright = on_white(ImageOps.exif_transpose(image))
    # A new image has no EXIF, palette or transparency to write to the file.
    plain = Image.new("RGB", upright.size)
    plain.paste(upright)
    return plain
