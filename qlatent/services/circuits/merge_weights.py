"""Compare the numbers of weights of merging and of linear layers of the same sizes. Torch-free.

Kankeu et al. (arXiv 2501.04591) count 32 × fewer at 768 → 256; the ratio depends on both sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qlatent.circuits.merging import SIZES, Kind
from qlatent.errors import ConfigError

WIDEST = 65536
POINTS = 60


@dataclass(frozen=True, slots=True)
class Weights:
    """Numbers of weights of a projection d → k: d − k merges, a dense layer with bias, an equally sparse layer."""

    stored: int
    used: int
    identifiable: int
    dense: int
    grouped: int

    @property
    def ratio(self) -> float:
        """Weights of the dense layer divided by those of the merges; below 1, merges store more."""
        return self.dense / self.stored


def weights(inputs: int, outputs: int, *, kind: Kind = "merge") -> Weights:
    """Numbers of weights of a projection `inputs` → `outputs`, as published; raises `ConfigError` unless 1 ≤ k < d."""
    if not 1 <= outputs < inputs:
        raise ConfigError(
            f"{inputs} numbers cannot be merged into {outputs}.",
            remedy="Choose at least 1 output, and fewer outputs than inputs.",
        )
    merge, merges = SIZES[kind, "published"], inputs - outputs
    return Weights(
        merge.stored * merges, merge.used * merges, merge.identifiable * merges,
        outputs * (inputs + 1), inputs + outputs,
    )  # fmt: skip


def turning(inputs: int, *, kind: Kind = "merge") -> float:
    """The latent dimension at which merges store as many weights as a dense layer, c·d / (d + 1 + c).

    c is the number of weights of one merge. With fewer dimensions, merges store more.
    """
    each = SIZES[kind, "published"].stored
    return each * inputs / (inputs + 1 + each)


def dimensions(inputs: int) -> list[int]:
    """Latent dimensions from 1 to `inputs` − 1 for a curve, evenly spaced on a logarithmic axis."""
    spaced = np.geomspace(1, max(1, inputs - 1), POINTS).round().astype(int)
    return sorted({int(each) for each in spaced})
