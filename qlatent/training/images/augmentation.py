"""Augment a batch of images: each image gets its own random view, all drawn from one generator."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from qlatent.errors import InputError
from qlatent.training.images import colours, crops
from qlatent.training.images.configs import AugmentationConfig

MEAN, DEVIATION = (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)  # of CIFAR-10, as in the published code
JITTERS = (colours.brighten, colours.contrasted, colours.saturated, colours.turned)


def view(images: Tensor, config: AugmentationConfig, *, generator: torch.Generator) -> Tensor:
    """A random view of each image, normalised float32 (n, 3, size, size), from bytes (n, 3, h, w).

    The published order is crop (with rotation), colour jitter, greyscale, blur, flip; the flip is done with the crop,
    which gives the same result. Images smaller than `size` raise `InputError`.
    """
    _check(images, config.size)
    count = len(images)
    box = crops.boxes(count, *images.shape[-2:], smallest=config.smallest_crop, generator=generator)
    turn = _between(count, -1, 1, generator) * math.radians(config.rotation)
    flipped = _happens(count, config.flip_chance, generator)
    found = crops.cut(images.float() / 255, box, size=config.size, flipped=flipped, turn=turn)
    found = _jittered(found, config, generator)
    pale = _happens(count, config.grey_chance, generator)
    found = torch.where(pale.view(-1, 1, 1, 1), colours.grey(found), found)
    return normalised(_softened(found, config, generator))


def plain(images: Tensor, *, size: int = 32) -> Tensor:
    """The images without augmentation, as used for tests: normalised float32 (n, 3, size, size)."""
    _check(images, size)
    if images.shape[-2:] != (size, size):
        raise InputError(
            f"The images have {images.shape[-1]}×{images.shape[-2]} pixels, expected {size}×{size}.",
            remedy="Resize them first (`images.as_batch`).",
        )
    return normalised(images.float() / 255)


def normalised(values: Tensor) -> Tensor:
    """Values in [0, 1] standardised per channel with the mean and standard deviation of CIFAR-10."""
    mean, deviation = (torch.tensor(each).view(1, 3, 1, 1).to(values) for each in (MEAN, DEVIATION))
    return (values - mean) / deviation


def as_bytes(images: Tensor) -> Tensor:
    """Normalised images (n, 3, h, w) converted back to bytes, rounded."""
    mean, deviation = (torch.tensor(each).view(1, 3, 1, 1).to(images) for each in (MEAN, DEVIATION))
    return ((images * deviation + mean) * 255).round().clamp(0, 255).to(torch.uint8)


def _jittered(images: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    """Images with four colour distortions, in a random order for each image that is jittered."""
    count = len(images)
    reach = torch.tensor([config.brightness, config.contrast, config.saturation, config.hue])
    strength = _between(count * 4, -1, 1, generator).view(count, 4) * reach
    strength[:, :3] += 1
    order = torch.rand((count, 4), generator=generator).argsort(dim=1)
    order[~_happens(count, config.jitter_chance, generator)] = -1
    found = images.clone()
    for place in range(4):
        for number, distort in enumerate(JITTERS):
            rows = (order[:, place] == number).nonzero()[:, 0]
            if len(rows) and reach[number] > 0:
                found[rows] = distort(found[rows], strength[rows, number])
    return found


def _softened(images: Tensor, config: AugmentationConfig, generator: torch.Generator) -> Tensor:
    rows = _happens(len(images), config.blur_chance, generator).nonzero()[:, 0]
    deviation = _between(len(images), *config.blur, generator)
    if not len(rows):
        return images
    found = images.clone()
    found[rows] = colours.blurred(images[rows], deviation[rows])
    return found


def _check(images: Tensor, size: int) -> None:
    if images.ndim != 4 or images.shape[1] != 3 or images.dtype != torch.uint8:
        raise InputError(
            f"Got {images.dtype} of shape {tuple(images.shape)}, expected bytes (n, 3, h, w).",
            remedy="Make a batch of images with `images.as_batch`.",
        )
    if min(images.shape[-2:]) < size:
        raise InputError(
            f"The images have {images.shape[-1]}×{images.shape[-2]} pixels, fewer than the crop of {size}×{size}.",
            remedy="Leave them out, or enlarge them first (`images.as_batch(…, small='upscale')`).",
        )


def _happens(count: int, chance: float, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) < chance


def _between(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)
