"""What training for retrieval can be told. Torch-free."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from qlatent.training.core.configs import TrainingConfig


@dataclass(frozen=True, config={"extra": "forbid"})
class RetrievalTrainingConfig(TrainingConfig):
    """Adam on the ranking of each query's answer before the other documents of its batch."""

    epochs: Annotated[
        int,
        Field(
            title="Epochs",
            description="Passes over the training queries; 0 judges the head as it is drawn. Paper: 5.",
            ge=0,
            le=100_000,
        ),
    ] = 5
    batch_size: Annotated[
        int, Field(title="Batch size", description="Queries a batch. Paper: 64.", ge=2, le=65536)
    ] = 64
    negatives: Annotated[
        int,
        Field(
            title="Hard negatives",
            description="Documents a query that are judged not to answer it, where there are any, beside the other "
            "answers of the batch. Paper: 5.",
            ge=0,
            le=64,
        ),
    ] = 5
    share: Annotated[
        float,
        Field(
            title="Share of training queries",
            description="1 is all; less shows what scarce data does.",
            gt=0,
            le=1,
        ),
    ] = 1.0
    evaluations: Annotated[
        int,
        Field(
            title="Evaluations",
            description="How often held-out queries are asked, the last time after the last step.",
            ge=1,
            le=1000,
        ),
    ] = 12
    unique_pairs: Annotated[
        bool, Field(title="Unique items only", description="Train on each different content once.")
    ] = True
    unfreeze: Annotated[
        Literal["none", "last", "published"],
        Field(
            title="Encoder",
            description="none: stored vectors, the head alone learns. last: its last layers learn too. published: its "
            "first and its last three, as in the published code.",
        ),
    ] = "none"
    layers: Annotated[
        int,
        Field(title="Layers that learn", description="Of the encoder, from the last on (last).", ge=1, le=48),
    ] = 1
    model: Annotated[
        str, Field(title="Text model", description="The encoder to train: a model id, or a local folder.")
    ] = ""
    encoder_rate: Annotated[
        float, Field(title="Learning rate of the encoder", description="Paper: 4e-5 for BERT.", gt=0, le=1)
    ] = 4e-5
    accumulate: Annotated[
        int,
        Field(
            title="Batches a step",
            description="Their gradients are added up: less memory, but each query meets its own batch only.",
            ge=1,
            le=1024,
        ),
    ] = 1
    max_length: Annotated[
        int,
        Field(
            title="Longest text", description="In tokens; longer ones are cut (end to end).", ge=4, le=8192
        ),
    ] = 128

    @property
    def end_to_end(self) -> bool:
        """Whether layers of the encoder learn too."""
        return self.unfreeze != "none"
