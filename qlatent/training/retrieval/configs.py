"""The config of training for retrieval. Torch-free."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.training.core.configs import TrainingConfig


@dataclass(frozen=True, config={"extra": "forbid"})
class RetrievalTrainingConfig(TrainingConfig):
    """Adam on a loss that ranks the answer of each query above the other documents of the batch."""

    epochs: Annotated[
        int,
        Field(
            title="Epochs",
            description="Passes over the training queries; 0 evaluates the untrained head. Paper: 5.",
            ge=0,
            le=100_000,
        ),
    ] = 5
    batch_size: Annotated[
        int, Field(title="Batch size", description="Queries per batch. Paper: 64.", ge=2, le=65536)
    ] = 64
    negatives: Annotated[
        int,
        Field(
            title="Hard negatives",
            description="Documents per query that are judged irrelevant, in addition to the in-batch negatives. "
            "Paper: 5.",
            ge=0,
            le=64,
        ),
    ] = 5
    share: Annotated[
        float,
        Field(
            title="Share of training queries",
            description="1 uses all training queries; less shows the effect of scarce data.",
            gt=0,
            le=1,
        ),
    ] = 1.0
    evaluations: Annotated[
        int,
        Field(
            title="Evaluations",
            description="Number of evaluations on held-out queries, the last one after the last step.",
            ge=1,
            le=1000,
        ),
    ] = 12
    unique_pairs: Annotated[
        bool, Field(title="Unique items only", description="Train on each distinct content once.")
    ] = True
    unfreeze: Annotated[
        Literal["none", "last", "published"],
        Field(
            title="Trained encoder layers",
            description="none: only the head, on stored vectors. last: the last layers too; published: the first and "
            "the last three, as in the published code.",
        ),
    ] = "none"
    layers: Annotated[
        int,
        Field(
            title="Last layers",
            description="Number of encoder layers trained with unfreeze=last.",
            ge=1,
            le=48,
        ),
    ] = 1
    model: Annotated[
        str, Field(title="Text model", description="Encoder to train: a model id or a local folder.")
    ] = ""
    encoder_rate: Annotated[
        float,
        Field(
            title="Encoder learning rate",
            description="For the trained encoder layers. Paper: 4e-5 for BERT.",
            gt=0,
            le=1,
        ),
    ] = 4e-5
    accumulate: Annotated[
        int,
        Field(
            title="Batches per step",
            description="Accumulate gradients over batches to save memory; negatives still come from one batch.",
            ge=1,
            le=1024,
        ),
    ] = 1
    max_length: Annotated[
        int,
        Field(
            title="Maximum text length",
            description="In tokens; longer texts are truncated (end to end).",
            ge=4,
            le=8192,
        ),
    ] = 128

    @property
    def end_to_end(self) -> bool:
        """Whether encoder layers are trained too."""
        return self.unfreeze != "none"
