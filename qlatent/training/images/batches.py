"""Convert images of any mode and size to one batch of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from qlatent.errors import InputError
from qlatent.images import on_white


def as_batch(
    images: Sequence[Image.Image], *, size: int = 32, small: Literal["refuse", "upscale"] = "refuse"
) -> Tensor:
    """Images of any mode and shape as a batch of bytes, (n, 3, size, size).

    Greyscale and palette images become RGB, transparency becomes white. The shorter side is scaled to `size`
    (antialiased) and the centre is cropped. A smaller image raises `InputError`, or is enlarged with
    `small="upscale"`.
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
    colours = on_white(image)
    if shorter != size:
        shape = [max(size, round(side * size / shorter)) for side in image.size]
        colours = colours.resize((shape[0], shape[1]), Image.Resampling.BILINEAR)
    left, top = ((side - size) // 2 for side in colours.size)
    return np.asarray(colours.crop((left, top, left + size, top + size)))
