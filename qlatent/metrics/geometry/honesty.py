"""The honesty metrics shown beside every map: how well all pairs and matched pairs are preserved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.metrics.pairs.distances import condensed, matched, pair_error, pairwise, ranks
from qlatent.metrics.pairs.neighbours import chance, nearest, shared
from qlatent.metrics.pairs.sampling import drawn_rows
from qlatent.types import Arrays

NEIGHBOURS = 10
MODALITIES_OF_A_PAIR = 2


def honesty(inputs: Arrays, latents: Arrays, *, sample: int = 1000, seed: int = 0) -> dict[str, float]:
    """Metrics of how well `latents` (modality → (n, k)) preserve the geometry of `inputs` (modality → (n, d)).

    All modalities are stacked into one joint set of points. Metrics: `spearman` over all pairs of the joint set,
    `spearman_<modality>` within one modality, `neighbour_overlap` at 10 with its `neighbour_chance`, `pair_error` (mean
    |d_x - d_z| over all matched pairs, with two modalities), and `norm_min|median|max` over all latents. Rank metrics
    use at most `sample` points drawn with `seed` (`sample_points` gives the number); the others use every row.
    Undefined values are NaN.
    """
    return Reference(inputs, sample=sample, seed=seed).compare(latents)


class Reference:
    """The input side of `honesty`, computed once for many frames of the same rows."""

    def __init__(self, inputs: Arrays, *, sample: int = 1000, seed: int = 0) -> None:
        self.modalities = tuple(inputs)
        rows = len(next(iter(inputs.values())))
        self.rows = drawn_rows(rows, modalities=len(inputs), sample=sample, seed=seed)
        self._pairs = matched(*inputs.values()) if len(inputs) == MODALITIES_OF_A_PAIR else None
        distances = self._distances(inputs)
        self._ranks = {name: ranks(condensed(part)) for name, part in self._parts(distances).items()}
        self._nearest = nearest(distances, self._k(distances)) if len(distances) > 1 else None

    def compare(self, latents: Arrays) -> dict[str, float]:
        """The metrics of one frame, as in `honesty`."""
        distances = self._distances(latents)
        result = {
            name: float(self._ranks[name] @ ranks(condensed(part)))
            for name, part in self._parts(distances).items()
        }
        if self._nearest is not None:
            k = self._k(distances)
            result["neighbour_overlap"] = shared(self._nearest, nearest(distances, k))
            result["neighbour_chance"] = chance(len(distances), k)
        if self._pairs is not None:
            result["pair_error"] = pair_error(self._pairs, matched(*(latents[m] for m in self.modalities)))
        return result | self._norms(latents) | {"sample_points": float(len(distances))}

    def _distances(self, arrays: Arrays) -> NDArray[np.float64]:
        return pairwise(np.concatenate([arrays[name][self.rows] for name in self.modalities]))

    def _parts(self, distances: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        size = len(self.rows)
        if size * len(self.modalities) < 3:  # two points have a single distance, which has no rank
            return {}
        parts = {"spearman": distances}
        for index, name in enumerate(self.modalities):
            own = slice(index * size, (index + 1) * size)
            if len(self.modalities) > 1 and size > 2:
                parts[f"spearman_{name}"] = distances[own, own]
        return parts

    @staticmethod
    def _k(distances: NDArray[np.float64]) -> int:
        return min(NEIGHBOURS, len(distances) - 1)

    def _norms(self, latents: Arrays) -> dict[str, float]:
        norms = np.concatenate([lengths.lengths(latents[name]) for name in self.modalities])
        return {
            "norm_min": float(norms.min()),
            "norm_median": float(np.median(norms)),
            "norm_max": float(norms.max()),
        }
