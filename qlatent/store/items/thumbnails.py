"""Make thumbnails of images at import."""

from __future__ import annotations

import io
from typing import NamedTuple

from PIL import Image

from qlatent.errors import StoreError
from qlatent.images import UNREADABLE, on_white

SIDE = 160  # pixels, the longer side
_QUALITY = 80


class Thumbnail(NamedTuple):
    """WebP bytes of at most 160 × 160 pixels, and the size of the image itself."""

    webp: bytes
    width: int
    height: int


def thumbnail(image: bytes, *, item: str) -> Thumbnail:
    """The thumbnail of an image file; transparency becomes white. `StoreError` if it cannot be decoded."""
    try:
        with Image.open(io.BytesIO(image)) as opened:
            width, height = opened.size
            opened.draft("RGB", (2 * SIDE, 2 * SIDE))  # decodes a JPEG at an eighth to a half of its size
            small = on_white(opened)
            small.thumbnail((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)
    except UNREADABLE as err:
        raise StoreError(
            f"The image of item {item!r} cannot be decoded: {err}.",
            remedy="Leave the item out, or repair the file.",
        ) from err
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return Thumbnail(buffer.getvalue(), width, height)
