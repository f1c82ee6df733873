"""Configs of training on images, of augmentation and of the linear probe. Torch-free."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.training.core.configs import GroupBy, HeldOut, Snapshots, SplitRule, SplitSeed

Chance = Annotated[float, Field(ge=0, le=1)]
Strength = Annotated[float, Field(ge=0, le=1)]
Hue = Annotated[float, Field(ge=0, le=0.5)]


@dataclass(frozen=True, config={"extra": "forbid"})
class AugmentationConfig:
    """Augmentation of an image; the defaults are those of the published code (bjader/QSSL), not of the paper's text.

    Colour jitter multiplies brightness, contrast and saturation by 1 ± strength and rotates the hue by up to
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
    blur: Annotated[tuple[float, float], Field()] = (0.1, 2.0)  # range of the standard deviation, in pixels


PUBLISHED_CODE = AugmentationConfig()
"""RandomResizedCrop(32, 0.2–1), ColorJitter(.4, .4, .4, .1) p=.8, grey p=.2, flip p=.5; its blur is commented out."""

PAPER_TEXT = AugmentationConfig(grey_chance=0.0, flip_chance=0.0, rotation=15.0, blur_chance=0.5)
"""Crop, rotation, blur and colour distortion, as the paper lists them; it does not give their strengths."""

PROBE_CODE = AugmentationConfig(smallest_crop=0.08)
"""Augmentation of the published linear probe, whose crop is torchvision's default."""


@dataclass(frozen=True, config={"extra": "forbid"})
class ProbeConfig:
    """Adam on a linear layer over frozen features; learning rate times 0.1 at epochs 60 and 80 (published)."""

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 100
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 256
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 1e-3
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-6
    stairs: tuple[int, ...] = (60, 80)
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1  # share of the training rows, used by `honest` only
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


@dataclass(frozen=True, config={"extra": "forbid"})
class ImageTrainingConfig:
    """Adam on NT-Xent of two augmented views per image, with ResNet-18 from scratch; the defaults are published."""

    normalise: ClassVar[str] = "none"  # the head gets the backbone's features unchanged

    steps: Annotated[
        int,
        Field(title="Steps", description="Training steps, one batch each. Paper: 176.", ge=1, le=10_000_000),
    ] = 176
    batch_size: Annotated[
        int,
        Field(
            title="Batch size",
            description="Images per step, with two views of each. Paper: 256.",
            ge=2,
            le=65536,
        ),
    ] = 256
    learning_rate: Annotated[
        float, Field(title="Learning rate", description="Constant learning rate of Adam.", gt=0, le=10)
    ] = 0.001
    weight_decay: Annotated[
        float,
        Field(
            title="Weight decay", description="L2 penalty of Adam, not AdamW's decoupled decay.", ge=0, le=1
        ),
    ] = 1e-6
    augmentation: Annotated[
        Literal["code", "paper"],
        Field(
            title="Augmentation",
            description="code: crop, colour, greyscale and flip, as in the published code. paper: crop, rotation, blur "
            "and colour, as in its text.",
        ),
    ] = "code"
    size: Annotated[
        int,
        Field(title="Image size", description="Scale images to size × size pixels. Paper: 32.", ge=8, le=512),
    ] = 32
    small: Annotated[
        Literal["refuse", "upscale"],
        Field(title="Smaller images", description="refuse: report an error. upscale: enlarge them."),
    ] = "refuse"
    heldout: HeldOut = 0.2
    split_rule: SplitRule = "groups"
    group_by: GroupBy = ""
    unique_pairs: Annotated[
        bool, Field(title="Unique images only", description="Train on each distinct image once.")
    ] = True
    probes: Annotated[
        int,
        Field(
            title="Linear probes",
            description="Number of linear probes during training, the last one after the last step.",
            ge=0,
            le=1000,
        ),
    ] = 4
    probe_steps: Annotated[
        tuple[int, ...],
        Field(
            title="Linear probe steps", description="Probe after these steps instead of at even intervals."
        ),
    ] = ()
    probe_size: Annotated[
        int,
        Field(
            title="Items on the map", description="Images whose latents each frame records.", ge=1, le=20_000
        ),
    ] = 500
    snapshots: Snapshots = 20
    checkpoint_every: Annotated[
        int,
        Field(
            title="Steps per checkpoint",
            description="The most steps that a killed run loses. A checkpoint takes 134 MB.",
            ge=1,
            le=1_000_000,
        ),
    ] = 50
    split_seed: SplitSeed = -1
    seed: Annotated[
        int,
        Field(
            title="Seed",
            description="Determines initial weights, split, views and batch order.",
            ge=0,
            le=2**31 - 1,
        ),
    ] = 0

    @property
    def views(self) -> AugmentationConfig:
        """The augmentation that makes the views."""
        settings = PUBLISHED_CODE if self.augmentation == "code" else PAPER_TEXT
        return replace(settings, size=self.size)

    @property
    def probed_at(self) -> tuple[int, ...]:
        """Steps after which the linear probe runs, ascending; steps beyond the last are dropped."""
        if self.probe_steps:
            return tuple(sorted({step for step in self.probe_steps if 0 <= step <= self.steps}))
        parts = range(1, self.probes + 1)
        return tuple(sorted({max(1, round(self.steps * part / self.probes)) for part in parts}))
