"""Convert images to RGB, the same way for import, encoders, training and thumbnails."""

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
    """The image in mode RGB, with transparency composited on white and high-bit-depth grey scaled to 8 bits.

    An RGB image is returned itself, with its pixels loaded, so that its file may be closed.
    """
    image.load()
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return _eight_bits(image).convert("RGB")
    if image.has_transparency_data:
        # RGBA first: direct conversion to RGB would show the colour under transparent pixels
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def fitted(image: Image.Image, size: int) -> Image.Image:
    """The largest centred square of the image as RGB, resized to size × size pixels."""
    return ImageOps.fit(on_white(image), (size, size), Image.Resampling.BICUBIC)


def _eight_bits(image: Image.Image) -> Image.Image:
    """The image scaled to 8 bits; Pillow would clip values above 255 to white.

    Integers are taken as 12, 14 or 16 bits, the smallest depth that holds all values, because 12 bits read as 16 would
    be nearly black. Floating-point values are taken to range to 1, 255 or 65,535; larger values are scaled by their
    maximum.
    """
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    top = values.max(initial=0.0)
    limits = (1.0, 255.0, WHOLE) if image.mode == "F" else DEPTHS
    full = next((limit for limit in limits if top <= limit), top)
    return Image.fromarray((np.clip(values / full, 0, 1) * 255).round().astype(np.uint8))
