"""Any picture as plain RGB: one rule for import, encoders, training and thumbnails."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image, ImageOps

# what Pillow's readers raise on bytes that are damaged or no image
UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip

WHOLE = 65_535.0  # the largest value of a 16-bit pixel
DEPTHS = (4_095.0, 16_383.0, WHOLE)  # the largest values of 12, 14 and 16 bits


def decoded(content: bytes, *, side: int | None = None) -> Image.Image:
    """The picture in the bytes of a file as RGB, laid over white; one of `UNREADABLE` where they are damaged.

    A JPEG is decoded at a fraction of its size where at least `side` pixels a side are left, which is faster.
    """
    with Image.open(io.BytesIO(content)) as image:
        if side:
            image.draft(None, (side, side))
        return on_white(image)


def on_white(image: Image.Image) -> Image.Image:
    """The picture in mode RGB: transparency laid over white, deep grey scaled to 8 bits.

    One that is RGB already comes back itself, with its pixels loaded, so that it outlives its file.
    """
    image.load()
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return _eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        # RGBA first: straight to RGB would show the colour hidden under transparent pixels
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def fitted(image: Image.Image, size: int) -> Image.Image:
    """The largest centred square of the picture as RGB, size × size pixels."""
    return ImageOps.fit(on_white(image), (size, size), Image.Resampling.BICUBIC)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scaled, since Pillow would cut everything above 255 to white.

    Whole numbers have as many bits as cameras and scanners give (12, 14 or 16), the fewest that hold them all: 12 bits
    read as 16 would be black. Floating-point ones run to 1, 255 or 65,535. What is larger than that is scaled to its
    largest.
    """
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    top = values.max(initial=0.0)
    limits = (1.0, 255.0, WHOLE) if image.mode == "F" else DEPTHS
    full = next((limit for limit in limits if top <= limit), top)
    return Image.fromarray((np.clip(values / full, 0, 1) * 255).round().astype(np.uint8))
