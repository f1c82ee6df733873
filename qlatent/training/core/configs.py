"""How training goes, and the split of flat settings into the three configs. Torch-free."""

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
"""The only keys that more than one config has: one value in the settings goes to all of them."""

HeldOut = Annotated[
    float,
    Field(
        title="Held-out share", description="Never trained on; a split column takes precedence.", ge=0, le=0.9
    ),
]
SplitRule = Annotated[
    Literal["groups", "contents"],
    Field(
        title="Kept together",
        description="groups: rows that share a picture, a text, a vector, an id before # or the chosen column are "
        "never on both sides. contents: only equal rows (the one rule of earlier versions).",
    ),
]
GroupBy = Annotated[
    str,
    Field(
        title="Column kept together",
        description="Rows with an equal value, such as a product code or a seller, are never on both sides.",
    ),
]
Snapshots = Annotated[
    int, Field(title="Snapshots", description="Frames of the map, at log-spaced steps.", ge=2, le=1000)
]
SplitSeed = Annotated[
    int,
    Field(
        title="Seed of the split",
        description="Decides what is held out and whose way is recorded. −1: the seed. Fix it to vary weights alone.",
        ge=-1,
        le=2**31 - 1,
    ),
]


@dataclass(frozen=True, config={"extra": "forbid"})
class TrainingConfig:
    """Adam over batches of pairs; the defaults are measured in heads/README.md."""

    epochs: Annotated[
        int, Field(title="Epochs", description="Passes over the training pairs.", ge=1, le=100_000)
    ] = 300
    batch_size: Annotated[int, Field(title="Batch size", description="Pairs a step.", ge=1, le=65536)] = 128
    learning_rate: Annotated[
        float, Field(title="Learning rate", description="Of Adam, at the start. Mari: 0.0004.", gt=0, le=10)
    ] = 0.004
    weight_decay: Annotated[
        float,
        Field(title="Weight decay", description="Of Adam (L2, not AdamW). QSSL: 1e-6.", ge=0, le=1),
    ] = 0.0
    schedule: Annotated[
        Literal["none", "cosine", "step"],
        Field(
            title="Schedule",
            description="none: constant. cosine: down to 0 at the end. step: times a factor (Mari).",
        ),
    ] = "none"
    step_every: Annotated[
        int,
        Field(title="Epochs a stair", description="Only for the step schedule. Mari: 10.", ge=1, le=100_000),
    ] = 10
    step_factor: Annotated[
        float, Field(title="Factor a stair", description="Only for the step schedule. Mari: 0.1.", gt=0, le=1)
    ] = 0.1
    heldout: HeldOut = 0.2
    split_rule: SplitRule = "groups"
    group_by: GroupBy = ""
    unique_pairs: Annotated[
        bool, Field(title="Unique pairs only", description="Train on each different pair once (paper).")
    ] = True
    normalise: Annotated[
        Literal["l2", "none"],
        Field(
            title="Inputs",
            description="l2: unit length, so that the distances can be reached in the latent space.",
        ),
    ] = "l2"
    probe_size: Annotated[
        int, Field(title="Probe items", description="Items whose way is recorded.", ge=1, le=20_000)
    ] = 2000
    snapshots: Snapshots = 40
    checkpoint_every: Annotated[
        int,
        Field(title="Steps a checkpoint", description="The most that a kill can lose.", ge=1, le=1_000_000),
    ] = 200
    split_seed: SplitSeed = -1
    seed: Annotated[
        int,
        Field(title="Seed", description="Decides weights, split, probe and batch order.", ge=0, le=2**31 - 1),
    ] = 0


@plain_dataclass(frozen=True, slots=True)
class RunConfigs:
    """The three configs of a run, checked."""

    head: Any
    objective: Any
    training: Any  # a TrainingConfig, or the ImageTrainingConfig of a run on images


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
    """The configs of a head, an objective and the training from one flat mapping of settings.

    Left-out keys keep their defaults. No key but `seed` occurs in two of the configs; the seed goes to each
    that has one. An unknown key, head or objective, or a value out of range is a `ConfigError`.
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
            f"batch_size={configs.training.batch_size}: the objective {objective!r} compares the items of a batch.",
            remedy=f"Use {fewest} or more.",
        )
    return configs
