"""What training on images, augmentation and linear probe can be told. Torch-free."""

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


@dataclass(frozen=True, config={"extra": "forbid"})
class ImageTrainingConfig:
    """Adam on NT-Xent of two augmented views of each image, ResNet-18 from scratch; defaults are the published ones."""

    normalise: ClassVar[str] = "none"  # what the backbone gives goes into the head as it is

    steps: Annotated[
        int, Field(title="Batches", description="Training steps. Paper: 176.", ge=1, le=10_000_000)
    ] = 176
    batch_size: Annotated[
        int,
        Field(
            title="Batch size", description="Images a step, two views of each. Paper: 256.", ge=2, le=65536
        ),
    ] = 256
    learning_rate: Annotated[float, Field(title="Learning rate", description="Of Adam.", gt=0, le=10)] = 0.001
    weight_decay: Annotated[
        float, Field(title="Weight decay", description="Of Adam (L2, not AdamW).", ge=0, le=1)
    ] = 1e-6
    augmentation: Annotated[
        Literal["code", "paper"],
        Field(
            title="Augmentation",
            description="code: crop, colour, grey, flip, as the published code does. paper: crop, rotation, blur and "
            "colour, as its text says.",
        ),
    ] = "code"
    size: Annotated[
        int,
        Field(
            title="Pixels a side", description="Images are brought to size × size. Paper: 32.", ge=8, le=512
        ),
    ] = 32
    small: Annotated[
        Literal["refuse", "upscale"],
        Field(title="Smaller images", description="refuse: they are an error. upscale: they are enlarged."),
    ] = "refuse"
    heldout: HeldOut = 0.2
    split_rule: SplitRule = "groups"
    group_by: GroupBy = ""
    unique_pairs: Annotated[
        bool, Field(title="Unique images only", description="Train on each different image once.")
    ] = True
    probes: Annotated[
        int,
        Field(
            title="Linear probes",
            description="How often the linear probe is taken on the way, the last time after the last step.",
            ge=0,
            le=1000,
        ),
    ] = 4
    probe_steps: Annotated[
        tuple[int, ...],
        Field(title="Steps of the linear probe", description="Instead of an even number of them."),
    ] = ()
    probe_size: Annotated[
        int, Field(title="Images drawn", description="Images whose way is recorded.", ge=1, le=20_000)
    ] = 500
    snapshots: Snapshots = 20
    checkpoint_every: Annotated[
        int,
        Field(
            title="Steps a checkpoint",
            description="The most that a kill can lose; each has 134 MB.",
            ge=1,
            le=1_000_000,
        ),
    ] = 50
    split_seed: SplitSeed = -1
    seed: Annotated[
        int,
        Field(
            title="Seed",
            description="Decides weights, split, views and batch order.",
            ge=0,
            le=2**31 - 1,
        ),
    ] = 0

    @property
    def views(self) -> AugmentationConfig:
        """How the views are made."""
        settings = PUBLISHED_CODE if self.augmentation == "code" else PAPER_TEXT
        return replace(settings, size=self.size)

    @property
    def probed_at(self) -> tuple[int, ...]:
        """The steps after which the linear probe is taken, ascending; none beyond the last."""
        if self.probe_steps:
            return tuple(sorted({step for step in self.probe_steps if 0 <= step <= self.steps}))
        parts = range(1, self.probes + 1)
        return tuple(sorted({max(1, round(self.steps * part / self.probes)) for part in parts}))
