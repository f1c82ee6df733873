"""Any picture as plain RGB: what every image model expects before its own preprocessing."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps


def on_white(image: Image.Image) -> Image.Image:
    """The picture in mode RGB: transparency laid over white, 16-bit and float pixels scaled to 8 bits."""
    if image.mode == "RGB":
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return _eight_bit(image).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def fitted(image: Image.Image, size: int) -> Image.Image:
    """The largest centred square of the picture as RGB, size × size pixels."""
    return ImageOps.fit(on_white(image), (size, size), Image.Resampling.BICUBIC)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Pixels above 255 are read as 16-bit values, pixels up to 1 in a float picture as fractions."""
    pixels = np.nan_to_num(np.asarray(image, dtype=np.float64))
    top = pixels.max(initial=0.0)
    if top > 255:
        pixels = pixels / 257
    elif image.mode == "F" and top <= 1:
        pixels = pixels * 255
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
