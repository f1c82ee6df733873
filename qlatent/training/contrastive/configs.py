"""What augmentation and linear probe can be told. Torch-free."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

Chance = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=1)]
Hue = Annotated[float, Field(ge=0, le=0.5)]


@dataclass(frozen=True, config={"extra": "forbid"})
class AugmentationConfig:
    """A view of an image; the defaults are those of the published code (bjader/QSSL), not of the paper's text.

    Colour jitter takes brightness, contrast and saturation times 1 ± its strength and turns the hue by up to
    ± `hue` of a full turn, in random order.
    """

    size: Annotated[int, Field(ge=8, le=512)] = 32
    smallest_crop: Annotated[float, Field(gt=0, le=1)] = 0.2  # of the area
    brightness: Strength = 0.4
    contrast: Strength = 0.4
    saturation: Strength = 0.4
    hue: Hue = 0.1
    jitter_chance: Chance = 0.8
    grey_chance: Chance = 0.2
    flip_chance: Chance = 0.5
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0  # degrees, either way
    blur_chance: Chance = 0.0
    blur: Annotated[tuple[float, float], Field()] = (0.1, 2.0)  # deviation in pixels, drawn between these


PUBLISHED_CODE = AugmentationConfig()
"""RandomResizedCrop(32, 0.2–1), ColorJitter(.4, .4, .4, .1) p=.8, grey p=.2, flip p=.5; its blur is commented out."""

PAPER_TEXT = AugmentationConfig(grey_chance=0.0, flip_chance=0.0, rotation=15.0, blur_chance=0.5)
"""Crop, rotation, blur and colour distortion, as the text lists them; how much of each it does not say."""

PROBE_CODE = AugmentationConfig(smallest_crop=0.08)
"""That of the published linear probe, whose crop is torchvision's default."""


@dataclass(frozen=True, config={"extra": "forbid"})
class ProbeConfig:
    """A linear layer on frozen features: Adam, learning rate times 0.1 at 60 and 80 of 100 epochs (published)."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 100
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 256
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-6
    stairs: tuple[int, ...] = (60, 80)
    validation: Annotated[float, Field(gt=0, lt=1)] = (
        0.1  # share of the training rows, only for the honest one
    )
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
