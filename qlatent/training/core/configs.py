"""Training configs, and splitting flat settings into configs of head, objective and training. Torch-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass as plain_dataclass
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent import spellings
from qlatent.errors import ConfigError
from qlatent.registry import config_class, did_you_mean, make_config

SHARED_KEYS = frozenset({"seed"})
"""Keys that several configs share; one value in the settings is passed to all of them."""

HeldOut = Annotated[
    float,
    Field(
        title="Held-out share",
        description="Kept out of training. A split column takes precedence.",
        ge=0,
        le=0.9,
    ),
]
SplitRule = Annotated[
    Literal["groups", "contents"],
    Field(
        title="Split rule",
        description="groups: items that share an image, a text, a vector, an id before # or a value of the chosen "
        "column stay on one side of the split. contents: only identical items do (earlier versions).",
    ),
]
GroupBy = Annotated[
    str,
    Field(
        title="Group by column",
        description="Items with the same value, such as a product code or a seller, stay on one side of the split.",
    ),
]
Snapshots = Annotated[
    int,
    Field(title="Snapshots", description="Frames recorded for the map, at log-spaced steps.", ge=2, le=1000),
]
SplitSeed = Annotated[
    int,
    Field(
        title="Split seed",
        description="Draws the held-out items and the probe set; −1 uses the seed. Fix it to vary only the weights.",
        ge=-1,
        le=2**31 - 1,
    ),
]


@dataclass(frozen=True, config={"extra": "forbid"})
class TrainingConfig:
    """Settings of training with Adam on batches of pairs; heads/README.md has the measurements behind the defaults."""

    epochs: Annotated[
        int, Field(title="Epochs", description="Passes over the training pairs.", ge=1, le=100_000)
    ] = 300
    batch_size: Annotated[int, Field(title="Batch size", description="Pairs per step.", ge=1, le=65536)] = 128
    learning_rate: Annotated[
        float,
        Field(title="Learning rate", description="Initial learning rate of Adam. Mari: 0.0004.", gt=0, le=10),
    ] = 0.004
    weight_decay: Annotated[
        float,
        Field(
            title="Weight decay",
            description="L2 penalty of Adam, not AdamW's decoupled decay. QSSL: 1e-6.",
            ge=0,
            le=1,
        ),
    ] = 0.0
    schedule: Annotated[
        Literal["none", "cosine", "step"],
        Field(
            title="Schedule",
            description="none: constant learning rate. cosine: decays to 0. step: times a factor every few epochs "
            "(Mari).",
        ),
    ] = "none"
    step_every: Annotated[
        int,
        Field(
            title="Epochs per decay", description="For the step schedule only. Mari: 10.", ge=1, le=100_000
        ),
    ] = 10
    step_factor: Annotated[
        float, Field(title="Decay factor", description="For the step schedule only. Mari: 0.1.", gt=0, le=1)
    ] = 0.1
    heldout: HeldOut = 0.2
    split_rule: SplitRule = "groups"
    group_by: GroupBy = ""
    unique_pairs: Annotated[
        bool,
        Field(title="Unique pairs only", description="Train on each distinct pair once, as in the paper."),
    ] = True
    normalise: Annotated[
        Literal["l2", "none"],
        Field(
            title="Input normalisation",
            description="l2: scale inputs to unit length, so that the latent space can reproduce their distances.",
        ),
    ] = "l2"
    probe_size: Annotated[
        int,
        Field(
            title="Items on the map", description="Items whose latents each frame records.", ge=1, le=200_000
        ),
    ] = 2000
    snapshots: Snapshots = 40
    checkpoint_every: Annotated[
        int,
        Field(
            title="Steps per checkpoint",
            description="The most steps that a killed run loses.",
            ge=1,
            le=1_000_000,
        ),
    ] = 200
    split_seed: SplitSeed = -1
    seed: Annotated[
        int,
        Field(
            title="Seed",
            description="Determines initial weights, split, probe set and batch order.",
            ge=0,
            le=2**31 - 1,
        ),
    ] = 0


@plain_dataclass(frozen=True, slots=True)
class RunConfigs:
    """The validated configs of a run: head, objective and training."""

    head: Any
    objective: Any
    training: Any  # a TrainingConfig, or an ImageTrainingConfig for training on images


def current_settings(
    head: str, objective: str, values: Mapping[str, Any], *, training: type = TrainingConfig
) -> dict[str, Any]:
    """Flat settings in today's spelling for this head; two spellings of one setting at once are a `ConfigError`."""
    classes = (config_class("head", head), config_class("objective", objective), training)
    known = {field.name for cls in classes for field in dataclasses.fields(cls)}
    return spellings.current("settings", values, known=known)


def split_settings(
    head: str, objective: str, values: Mapping[str, Any], *, training: type = TrainingConfig
) -> RunConfigs:
    """The configs of head, objective and training, taken from one flat mapping of settings.

    Missing keys keep their defaults. `seed` is the only key that several configs share, and is passed to each of
    them. An unknown key, head or objective, or a value out of range raises `ConfigError`.
    """
    classes = (config_class("head", head), config_class("objective", objective), training)
    keys = [[field.name for field in dataclasses.fields(cls)] for cls in classes]
    known = [key for names in keys for key in names]
    values = current_settings(head, objective, values, training=training)
    for key in values:
        if key not in known:
            raise ConfigError(f"unknown key {key!r}", remedy=did_you_mean(key, known))
    parts = [
        make_config(cls, {key: values[key] for key in names if key in values})
        for cls, names in zip(classes, keys, strict=True)
    ]
    configs = RunConfigs(*parts)
    if configs.training.batch_size < (fewest := configs.objective.fewest):
        raise ConfigError(
            f"batch_size={configs.training.batch_size} is too small: the objective {objective!r} compares "
            "the items of a batch.",
            remedy=f"Use {fewest} or more.",
        )
    return configs
