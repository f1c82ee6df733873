"""Settings of the objectives. Torch-free; forms and command-line options are generated from these fields."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

THIRD = 1 / 3

Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]


@dataclass(frozen=True, config={"extra": "forbid"})
class ObjectiveConfig:
    """Base config of an objective: declares what a batch needs; by default nothing."""

    fewest: ClassVar[int] = 1
    """Smallest batch size for which the loss is defined."""
    without_pairs: ClassVar[str] = "Train on both, or choose another objective."
    """Remedy if image or text is missing and the objective needs both."""

    @property
    def needs_pairs(self) -> bool:
        """Whether items need both image and text."""
        return False

    @property
    def augmented_views(self) -> bool:
        """Whether the views are augmented copies of an image, encoded beforehand."""
        return False

    @property
    def has_shares(self) -> bool:
        """Whether the loss of stored vectors is a mean over items, each with its own part (`objective.shares`)."""
        return True

    def noisy_views(self, modalities: Iterable[str]) -> bool:
        """Whether the views are noisy copies of the vectors, for a head with these modalities."""
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
        Field(
            title="Weight of vector reconstruction",
            description="For vectors that are neither image nor text; not in the paper.",
        ),
    ] = THIRD
    alpha_distance: Annotated[
        Weight, Field(title="Weight of the pair distance", description="α_d. Paper: ⅓.")
    ] = THIRD
    reduction: Annotated[
        Literal["sum", "mean"],
        Field(
            title="L1 over dimensions",
            description="sum: the L1 norm as in the paper; reconstruction dominates at first. mean: the pair "
            "distance dominates.",
        ),
    ] = "sum"
    distance: Annotated[
        Literal["l2", "l2_squared"],
        Field(
            title="Distance",
            description="l2: Euclidean (paper). l2_squared: squared. Used in input and latent space.",
        ),
    ] = "l2"
    pairs: Annotated[
        Literal["matched", "all"],
        Field(
            title="Pairs in the distance term",
            description="matched: each image with its own text (paper). all: each image with every text of the "
            "batch.",
        ),
    ] = "matched"


@dataclass(frozen=True, config={"extra": "forbid"})
class AcquaAllPairsConfig(AcquaObjectiveConfig):
    """CLIP-ACQUA's loss with the distance of each image to every text of the batch."""

    pairs: Annotated[
        Literal["matched", "all"],
        Field(
            title="Pairs in the distance term", description="all: each image with every text of the batch."
        ),
    ] = "all"


@dataclass(frozen=True, config={"extra": "forbid"})
class DistanceCorrelationConfig(ObjectiveConfig):
    """1 − Pearson's correlation of all pairwise distances."""

    follow: Annotated[
        Literal["distances", "ranks"],
        Field(
            title="Target of the latent distances",
            description="distances: the input distances. ranks: their ranks in the batch, closer to Spearman's "
            "correlation.",
        ),
    ] = "distances"
    focus: Annotated[
        float,
        Field(
            title="Focus on near pairs",
            description="f in the pair weight exp(−f·d / mean d). 0: equal weights; 2–5 preserves neighbours better.",
            ge=0,
            le=50,
        ),
    ] = 0.0

    @property
    def has_shares(self) -> bool:
        """No: a correlation is of all pairs together."""
        return False


@dataclass(frozen=True, config={"extra": "forbid"})
class StressConfig(ObjectiveConfig):
    """Normalised stress √(Σ(d − αδ)² / Σd²) over all pairs."""

    scale: Annotated[
        Literal["fitted", "raw"],
        Field(
            title="Scale of the latent distances",
            description="fitted: α is the least-squares factor, so that only proportions count. raw: α = 1.",
        ),
    ] = "fitted"

    @property
    def has_shares(self) -> bool:
        """No: the root is of the sum over all pairs."""
        return False


@dataclass(frozen=True, config={"extra": "forbid"})
class NeighboursConfig(ObjectiveConfig):
    """Kullback–Leibler divergence between the neighbour distributions in input and latent space."""

    neighbours: Annotated[
        int,
        Field(
            title="Neighbours",
            description="k: the distance to the k-th nearest neighbour sets the kernel width of each point.",
            ge=1,
            le=1000,
        ),
    ] = 10
    latent_scale: Annotated[
        float,
        Field(
            title="Latent scale",
            description="Latent distance at which a neighbour's weight is one half.",
            gt=0,
            le=100,
        ),
    ] = 0.1


Temperature = Annotated[
    float,
    Field(
        title="Temperature", description="τ, which divides the cosines. SimCLR and QSSL: 0.07.", gt=0, le=100
    ),
]


@dataclass(frozen=True, config={"extra": "forbid"})
class NTXentConfig(ObjectiveConfig):
    """NT-Xent over two views of each item: image and text, two noisy copies, or two augmented views of the image."""

    fewest: ClassVar[int] = 2  # one item has no negatives
    without_pairs: ClassVar[str] = (
        "Train on both, or use views=noise: two noisy copies of each vector; or views=augmented: augmented copies of "
        "each image, encoded before."
    )

    temperature: Temperature = 0.07
    views: Annotated[
        Literal["auto", "pairs", "noise", "augmented"],
        Field(
            title="Two views of an item",
            description="pairs: image and text. noise: the vector with noise and dropout. augmented: augmented "
            "copies of the image, encoded beforehand. auto: pairs if both modalities are present, else noise.",
        ),
    ] = "auto"
    view_count: Annotated[
        int,
        Field(
            title="Augmented views",
            description="Number of encoded views per image to draw pairs from; 0: all that every image has. "
            "Only for augmented views.",
            ge=0,
            le=32,
        ),
    ] = 0
    view_noise: Annotated[
        float,
        Field(
            title="Noise of a view",
            description="Length of the Gaussian noise relative to the vector's. Only for noisy views.",
            ge=0,
            le=10,
            allow_inf_nan=False,
        ),
    ] = 0.3
    view_dropout: Annotated[
        float,
        Field(
            title="Dropout of a view",
            description="Fraction of coordinates set to zero. Only for noisy views.",
            ge=0,
            le=0.95,
        ),
    ] = 0.1

    @property
    def needs_pairs(self) -> bool:
        """Whether items need both image and text."""
        return self.views == "pairs"

    @property
    def augmented_views(self) -> bool:
        """Whether the views are augmented copies of an image, encoded beforehand."""
        return self.views == "augmented"

    @property
    def has_shares(self) -> bool:
        """Not of augmented views, which are compared in place of the item itself."""
        return not self.augmented_views

    def noisy_views(self, modalities: Iterable[str]) -> bool:
        """Whether the views are noisy copies, for a head with these modalities."""
        return self.views == "noise" or (self.views == "auto" and not {"image", "text"} <= set(modalities))


@dataclass(frozen=True, config={"extra": "forbid"})
class ContrastConfig(ObjectiveConfig):
    """CLIP's symmetric contrastive loss between images and texts."""

    fewest: ClassVar[int] = 2

    temperature: Temperature = 0.07

    @property
    def needs_pairs(self) -> bool:
        """Whether items need both image and text."""
        return True


@dataclass(frozen=True, config={"extra": "forbid"})
class RankingConfig(ObjectiveConfig):
    """Cross-entropy of each item's partner among the batch, using the head's similarity."""

    logits: Annotated[
        Literal["own", "log_fidelity", "fidelity", "cosine"],
        Field(
            title="Logits",
            description="own: the head's similarity, scaled as κ·log F / k or by 20. log_fidelity: κ·log F / k; "
            "fidelity: 20·F (published QBEC); cosine: 20·cos (published BEC).",
        ),
    ] = "own"
    kappa: Annotated[
        float,
        Field(
            title="Sharpness of log-fidelity",
            description="κ in κ·log F / k, with k the latent dimension; the initial value of a learned scale.",
            gt=0,
            le=1e6,
            allow_inf_nan=False,
        ),
    ] = 200.0
    learn_scale: Annotated[
        bool,
        Field(
            title="Learn the scale",
            description="Train the scale of the similarities, starting from its default. The published forms stay "
            "at 20.",
        ),
    ] = True

    @property
    def needs_pairs(self) -> bool:
        """Whether items need both image and text."""
        return True
