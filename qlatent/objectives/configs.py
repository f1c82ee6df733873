"""What an objective can be told. Torch-free; forms and the command line are drawn from these fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

THIRD = 1 / 3

Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


@dataclass(frozen=True, config={"extra": "forbid"})
class ObjectiveConfig:
    """What the config of an objective declares; this one asks nothing of its batch and compares the vectors given."""

    fewest: ClassVar[int] = 1
    """Rows below which a batch says nothing."""
    without_pairs: ClassVar[str] = "Train on both, or choose another objective."
    """What to do where image or text is missing and both are needed."""

    @property
    def needs_pairs(self) -> bool:
        """Whether both image and text must be there."""
        return False

    @property
    def augmented_views(self) -> bool:
        """Whether it compares augmented copies of an image that were encoded before."""
        return False

    def noisy_views(self, modalities: Iterable[str]) -> bool:
        """Whether it compares noisy copies of the vectors of a head of these modalities."""
        return False


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaObjectiveConfig(ObjectiveConfig):
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


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaAllPairsConfig(AcquaObjectiveConfig):
    """The same loss with the distance of each image to every text of the batch."""

    pairs: Annotated[
        Literal["matched", "all"],
        Field(title="Pairs whose distance counts", description="all: each image with every text."),
    ] = "all"


@dataclass(frozen=True, config={"extra": "forbid"})
class DistanceCorrelationConfig(ObjectiveConfig):
    """1 − Pearson's correlation of all pair distances."""

    follow: Annotated[
        Literal["distances", "ranks"],
        Field(
            title="What latent distances follow",
            description="distances: those of the inputs. ranks: their ranks in the batch, nearer to Spearman.",
        ),
    ] = "distances"
    focus: Annotated[
        float,
        Field(
            title="Focus on near pairs",
            description="f: pairs count by exp(−f·d / mean d). 0: all alike. 2–5 keeps neighbours better.",
            ge=0,
            le=50,
        ),
    ] = 0.0


@dataclass(frozen=True, config={"extra": "forbid"})
class StressConfig(ObjectiveConfig):
    """√(Σ(d − αδ)² / Σd²) over all pairs."""

    scale: Annotated[
        Literal["fitted", "raw"],
        Field(
            title="Scale of the latent distances",
            description="fitted: only proportions count (α is the best factor). raw: α = 1.",
        ),
    ] = "fitted"


@dataclass(frozen=True, config={"extra": "forbid"})
class NeighboursConfig(ObjectiveConfig):
    """Cross-entropy between the neighbour distributions before and after."""

    neighbours: Annotated[
        int,
        Field(
            title="Neighbours",
            description="The distance of this one sets how wide each point looks.",
            ge=1,
            le=1000,
        ),
    ] = 10
    latent_scale: Annotated[
        float,
        Field(title="Latent scale", description="Latent distance that halves a weight.", gt=0, le=100),
    ] = 0.1


Temperature = Annotated[
    float,
    Field(title="Temperature", description="τ, divides the cosines. SimCLR and QSSL: 0.07.", gt=0, le=100),
]


@dataclass(frozen=True, config={"extra": "forbid"})
class NTXentConfig(ObjectiveConfig):
    """NT-Xent of two views of each item: image and text, two noisy copies, or two augmented views of its image."""

    fewest: ClassVar[int] = 2  # with one item there is nobody to tell it from
    without_pairs: ClassVar[str] = (
        "Train on both, or use views=noise: two noisy copies of each vector; or views=augmented: augmented copies of "
        "each image, encoded before."
    )

    temperature: Temperature = 0.07
    views: Annotated[
        Literal["auto", "pairs", "noise", "augmented"],
        Field(
            title="The two views of an item",
            description="pairs: its image and text. noise: noise and dropout on the vector, not an augmentation "
            "of the image. augmented: augmented copies of the image, encoded before. auto: pairs where both are "
            "there, else noise.",
        ),
    ] = "auto"
    view_count: Annotated[
        int,
        Field(
            title="Augmented views",
            description="How many of an image's encoded views pairs are drawn from. 0: all that every image has. "
            "Only for augmented views.",
            ge=0,
            le=32,
        ),
    ] = 0
    view_noise: Annotated[
        float,
        Field(
            title="Noise of a view",
            description="Length of the Gaussian noise, as a share of the vector's. Only for noisy views.",
            ge=0,
            le=10,
            allow_inf_nan=False,
        ),
    ] = 0.3
    view_dropout: Annotated[
        float,
        Field(
            title="Dropout of a view",
            description="Share of the coordinates set to zero. Only for noisy views.",
            ge=0,
            le=0.95,
        ),
    ] = 0.1

    @property
    def needs_pairs(self) -> bool:
        """Whether both image and text must be there."""
        return self.views == "pairs"

    @property
    def augmented_views(self) -> bool:
        """Whether the views are augmented copies of an image that were encoded before."""
        return self.views == "augmented"

    def noisy_views(self, modalities: Iterable[str]) -> bool:
        """Whether the views are noisy copies for a head of these modalities."""
        return self.views == "noise" or (self.views == "auto" and not {"image", "text"} <= set(modalities))


@dataclass(frozen=True, config={"extra": "forbid"})
class ContrastConfig(ObjectiveConfig):
    """CLIP's symmetric image–text contrast."""

    fewest: ClassVar[int] = 2

    temperature: Temperature = 0.07

    @property
    def needs_pairs(self) -> bool:
        """Whether both image and text must be there."""
        return True


@dataclass(frozen=True, config={"extra": "forbid"})
class RankingConfig(ObjectiveConfig):
    """Cross-entropy of each item's partner among the batch, by the similarity that the head ranks with."""

    logits: Annotated[
        Literal["own", "log_fidelity", "fidelity", "cosine"],
        Field(
            title="What is ranked by",
            description="own: the head's similarity, as κ·log F / k or 20 × it. fidelity: 20·F (QBEC as published). "
            "cosine: 20·cos (BEC as published).",
        ),
    ] = "own"
    kappa: Annotated[
        float,
        Field(
            title="Sharpness of log-fidelity",
            description="κ in κ·log F / k, k the latent dimension: where a learned scale begins.",
            gt=0,
            le=1e6,
            allow_inf_nan=False,
        ),
    ] = 200.0
    learn_scale: Annotated[
        bool,
        Field(
            title="Learn the scale",
            description="Of the similarities, from its usual value on; the published forms keep theirs (20).",
        ),
    ] = True

    @property
    def needs_pairs(self) -> bool:
        """Whether both image and text must be there."""
        return True
