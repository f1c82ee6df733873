"""Distort the colours of a batch (n, 3, h, w) of values in [0, 1], with a strength per image, (n,).

The arithmetic is that of torchvision's tensor transforms, without rounding to bytes in between.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

LUMA = (0.2989, 0.587, 0.114)
REACH = 3  # radius of the blur kernel, in standard deviations


def grey(images: Tensor) -> Tensor:
    """Luma (n, 1, h, w), with the ITU-R 601 weights of red, green and blue."""
    weights = torch.tensor(LUMA, dtype=images.dtype, device=images.device)
    return torch.einsum("nchw,c->nhw", images, weights)[:, None]


def brighten(images: Tensor, factor: Tensor) -> Tensor:
    """Values multiplied by the factor, clipped at 1."""
    return (images * _each(factor)).clamp(0, 1)


def contrasted(images: Tensor, factor: Tensor) -> Tensor:
    """Values moved away from (factor > 1) or towards (< 1) the image's mean brightness."""
    mean = grey(images).mean(dim=(1, 2, 3), keepdim=True)
    return (mean + _each(factor) * (images - mean)).clamp(0, 1)


def saturated(images: Tensor, factor: Tensor) -> Tensor:
    """Values moved away from (factor > 1) or towards (< 1) the grey of each pixel."""
    plain = grey(images)
    return (plain + _each(factor) * (images - plain)).clamp(0, 1)


def turned(images: Tensor, shift: Tensor) -> Tensor:
    """Images with the hue rotated by a fraction of the full circle; saturation and value (HSV) stay."""
    high, top = images.max(dim=1)
    spread = high - images.min(dim=1).values  # (n, h, w)
    red, green, blue = images.unbind(dim=1)
    divided = torch.where(spread > 0, spread, 1.0)
    sector = torch.stack([(green - blue), (blue - red) + 2 * divided, (red - green) + 4 * divided], dim=1)
    hue = sector.gather(1, top[:, None])[:, 0] / (6 * divided) + shift[:, None, None]
    # each channel is the highest value less a part of the spread that grows with its distance from the hue
    offsets = torch.tensor([5.0, 3.0, 1.0], dtype=images.dtype, device=images.device).view(1, 3, 1, 1)
    place = (offsets + 6 * hue[:, None]) % 6
    return high[:, None] - spread[:, None] * torch.minimum(place, 4 - place).clamp(0, 1)


def blurred(images: Tensor, deviation: Tensor) -> Tensor:
    """Images after a Gaussian blur with a standard deviation in pixels per image; borders are mirrored."""
    count, channels, tall, wide = images.shape
    reach = min(max(1, round(REACH * float(deviation.max()))), tall - 1, wide - 1) if count else 1
    places = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-0.5 * (places / deviation[:, None]) ** 2)
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)  # (n·c, taps)
    stacked = pad(images, (reach,) * 4, mode="reflect").flatten(0, 1)[None]  # (1, n·c, h + 2r, w + 2r)
    across = conv2d(stacked, kernel[:, None, None, :], groups=len(kernel))
    return conv2d(across, kernel[:, None, :, None], groups=len(kernel)).view(images.shape)


def _each(factor: Tensor) -> Tensor:
    return factor.view(-1, 1, 1, 1)
