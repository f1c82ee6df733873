"""Images as people have them → bytes that every later step can decode to upright RGB, or the reason why not.

Bytes that already are a plain picture (JPEG, PNG, WebP, AVIF; RGB or grey; one frame; upright) are kept as
they are, so that equal files stay equal. Everything else is decoded and written anew: as JPEG (quality 95)
where the original was a JPEG, else as PNG; what was done is returned in plain words.
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
"""Only these are tried: other readers of Pillow start programs (EPS) or were hardly ever tested."""
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
_KEPT_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "AVIF")
_JPEG_MAX_SIDE = 65_000
_JPEG_END = b"\xff\xd9"
_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"MM\0+", b"II+\0")


def is_picture(content: bytes) -> bool:
    """Whether bytes begin as a picture of one of the formats that are read."""
    boxed = (content[:4] == b"RIFF" and content[8:12] == b"WEBP") or content[4:12] in (
        b"ftypavif",
        b"ftypavis",
    )
    return boxed or content.startswith(_STARTS)


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """Image bytes that decode to upright RGB, their size in pixels and what was changed to get there."""

    content: bytes
    width: int
    height: int
    changes: tuple[str, ...] = ()


def check_image(content: bytes, *, limits: Limits, decode: bool = True) -> CheckedImage:
    """The image as it will be kept; a `RefusedRow` when it is too large, damaged or no image.

    The size is read from the header, so a huge picture is refused without decoding it. With `decode=False`
    nothing is decoded or changed: header, checksums (PNG) and the end of the file (JPEG) are looked at.
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
    """Pillow's image, its many ways to fail on damaged files turned into one `RefusedRow`."""
    with warnings.catch_warnings():
        # Pillow warns about large pictures and odd EXIF data; the limits here decide, not the warnings.
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
    """What cameras and programs write that is not read here; "" when it is none of these."""
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
    """A truncated JPEG is told by its missing end marker; camera files may carry a trailer behind it."""
    if image.format in ("JPEG", "MPO"):
        if _JPEG_END not in content[-65_536:]:
            raise RefusedRow("the image is damaged or cut off (its end is missing)")
    else:
        image.verify()
    return CheckedImage(content, *image.size)


def _needed_changes(image: Image.Image) -> tuple[str, ...]:
    """What must be done to the picture before it is plain: in plain words, in a fixed order."""
    changes = []
    several = getattr(image, "is_animated", False)  # counting the frames would read through all of them
    if several and image.format != "MPO":  # the further pictures of an MPO are previews of the first
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
    """The picture as new bytes and its size; the same picture always gives the same bytes."""
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
    # A new image carries no EXIF, palette or transparency over into the file.
    plain = Image.new("RGB", upright.size)
    plain.paste(upright)
    return plain
