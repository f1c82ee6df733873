"""Random crops, flips and rotations per image of a batch: draw boxes, then sample all pixels at once."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

TRIES = 10  # boxes drawn before the whole image is taken, as in torchvision
RATIO = (3 / 4, 4 / 3)  # of width to height


def boxes(count: int, height: int, width: int, *, smallest: float, generator: torch.Generator) -> Tensor:
    """Random boxes (count, 4) of left, top, width, height in float pixels, as torchvision's `RandomResizedCrop` draws.

    The area is uniform from `smallest` to 1 of the image, the aspect ratio log-uniform from 3:4 to 4:3. The first of
    ten boxes that fits is taken, else the largest central box with the nearest allowed aspect ratio.
    """
    area = height * width * (smallest + (1 - smallest) * torch.rand((count, TRIES), generator=generator))
    low, high = math.log(RATIO[0]), math.log(RATIO[1])
    shape = torch.exp(low + (high - low) * torch.rand((count, TRIES), generator=generator))
    w, h = (area * shape).sqrt().round(), (area / shape).sqrt().round()
    fits = (w > 0) & (w <= width) & (h > 0) & (h <= height)
    first = fits.float().argmax(dim=1, keepdim=True)
    w, h = w.gather(1, first)[:, 0], h.gather(1, first)[:, 0]
    left = (torch.rand(count, generator=generator) * (width - w + 1)).floor()
    top = (torch.rand(count, generator=generator) * (height - h + 1)).floor()
    drawn = torch.stack([left, top, w, h], dim=1)
    return torch.where(fits.any(dim=1, keepdim=True), drawn, _middle(height, width))


def _middle(height: int, width: int) -> Tensor:
    w, h = width, height
    if width / height < RATIO[0]:
        h = round(width / RATIO[0])
    elif width / height > RATIO[1]:
        w = round(height * RATIO[1])
    return torch.tensor([(width - w) // 2, (height - h) // 2, w, h], dtype=torch.float32)


def cut(images: Tensor, box: Tensor, *, size: int, flipped: Tensor, turn: Tensor) -> Tensor:
    """Images (n, c, h, w) cropped to their boxes (n, 4) and resized to (n, c, size, size), bilinearly.

    Pixels beyond a box repeat its border, so that without rotation this equals crop, then resize. A box of more than
    `size` pixels is not smoothed first. `flipped` (n,) bool mirrors left and right. `turn` (n,) is the rotation in
    radians about the centre of the box, before the flip.
    """
    step = (torch.arange(size, dtype=torch.float32) + 0.5) / size - 0.5  # (size,), from the centre
    x = step.repeat(len(images), 1) * torch.where(flipped, -1.0, 1.0)[:, None]  # (n, size)
    left, top, width, height = (each[:, None, None] for each in box.T)
    across, down = x[:, None, :] * width, step[None, :, None] * height  # in pixels of the image
    cosine, sine = (function(turn)[:, None, None] for function in (torch.cos, torch.sin))
    columns = left + width / 2 - 0.5 + cosine * across + sine * down  # (n, size, size)
    rows = top + height / 2 - 0.5 - sine * across + cosine * down
    columns = columns.maximum(left).minimum(left + width - 1)
    rows = rows.maximum(top).minimum(top + height - 1)
    tall, wide = images.shape[-2:]
    grid = torch.stack([(2 * columns + 1) / wide - 1, (2 * rows + 1) / tall - 1], dim=-1)
    return grid_sample(images, grid.to(images), mode="bilinear", padding_mode="border", align_corners=False)
