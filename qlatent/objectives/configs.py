"""What an objective can be told. Torch-free; forms and the command line are drawn from these fields."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

THIRD = 1 / 3

Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaObjectiveConfig:
    """CLIP-ACQUA's loss α_i‖x_i−x̂_i‖₁ + α_t‖x_t−x̂_t‖₁ + α_d|d_x − ‖z_i−z_t‖₂|."""

    alpha_image: Annotated[
        Weight, Field(title="Weight of image reconstruction", description="α_i. Paper: ⅓.")
    ] = THIRD
    alpha_text: Annotated[
        Weight, Field(title="Weight of text reconstruction", description="α_t. Paper: ⅓.")
    ] = THIRD
    alpha_vector: Annotated[
        Weight,
        Field(title="Weight of vector reconstruction", description="For unnamed vectors; not in the paper."),
    ] = THIRD
    alpha_distance: Annotated[
        Weight, Field(title="Weight of the pair distance", description="α_d. Paper: ⅓.")
    ] = THIRD
    reduction: Annotated[
        Literal["sum", "mean"],
        Field(
            title="L1 over dimensions",
            description="sum: the norm as printed, reconstruction leads at first. mean: the distance leads.",
        ),
    ] = "sum"
    distance: Annotated[
        Literal["l2", "l2_squared"],
        Field(
            title="Distance",
            description="As printed (l2) or squared, in the input and the latent space alike.",
        ),
    ] = "l2"
    pairs: Annotated[
        Literal["matched", "all"],
        Field(
            title="Pairs whose distance counts",
            description="matched: each image with its own text (paper). all: with every text of the batch.",
        ),
    ] = "matched"
