"""Pictures of any kind as one batch of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from qlatent.errors import InputError

PAPER = (255, 255, 255)  # what shows through transparent pixels


def as_batch(
    images: Sequence[Image.Image], *, size: int = 32, small: Literal["refuse", "upscale"] = "refuse"
) -> Tensor:
    """Images of any mode and shape as bytes (n, 3, size, size).

    Grey and paletted ones become RGB, transparent ones are laid on white. The shorter side is brought down to
    `size` (antialiased), and the middle is cut out. One smaller than that is an `InputError`, or enlarged.
    """
    if not images:
        raise InputError("There are no images.", remedy="Pass one or more.")
    rows = [_square(image, number, size, small) for number, image in enumerate(images)]
    return torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2).contiguous()


def _square(image: Image.Image, number: int, size: int, small: str) -> np.ndarray:
    shorter = min(image.size)
    if shorter < size and small == "refuse":
        width, height = image.size
        raise InputError(
            f"Image {number} has {width}×{height} pixels, fewer than the crop of {size}×{size}.",
            remedy="Leave it out, or enlarge small images with small='upscale'.",
        )
    colours = _rgb(image)
    if shorter != size:
        shape = [max(size, round(side * size / shorter)) for side in image.size]
        colours = colours.resize((shape[0], shape[1]), Image.Resampling.BILINEAR)
    left, top = ((side - size) // 2 for side in colours.size)
    return np.asarray(colours.crop((left, top, left + size, top + size)))


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I;16", "I", "F")):  # more than 8 bits: PIL would clip them
        values = np.asarray(image, dtype=np.float64)
        top = 65535.0 if image.mode != "F" or values.max() > 1 else 1.0
        image = Image.fromarray((values / top * 255).clip(0, 255).astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        opaque = image.convert("RGBA")
        ground = Image.new("RGBA", opaque.size, (*PAPER, 255))
        image = Image.alpha_composite(ground, opaque)
    return image.convert("RGB")
