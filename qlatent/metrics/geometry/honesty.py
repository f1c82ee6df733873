"""The honesty metrics shown beside every map: what is preserved within each modality, and between the modalities."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.metrics.geometry.gap import gap
from qlatent.metrics.pairs.distances import condensed, matched, pair_error, pairwise, ranks
from qlatent.metrics.pairs.neighbours import chance, nearest, shared
from qlatent.metrics.pairs.sampling import drawn_rows
from qlatent.types import Arrays

NEIGHBOURS = 10
MODALITIES_OF_A_PAIR = 2
LEAST_RANKED = 3  # two points have a single distance, which has no rank
Matrix = NDArray[np.float64]


def honesty(inputs: Arrays, latents: Arrays, *, sample: int = 1000, seed: int = 0) -> dict[str, float]:
    """Metrics of how well `latents` (modality → (n, k)) preserve the geometry of `inputs` (modality → (n, d)).

    Within one modality: `spearman_<modality>` of all pairwise distances and `neighbour_overlap_<modality>` at 10, with
    `neighbour_chance_within`. Between two: `gap` and `gap_before` (see `metrics.geometry.gap`), `pair_error` (mean
    |d_x - d_z| over all matched pairs) and `recall_1_<first>` (the share of items of the first modality whose nearest
    of the second is their own), with `recall_chance`. Over both together, where the gap weighs more than the
    structure: `spearman`, `neighbour_overlap` and `neighbour_chance`, which are the only names with one modality.
    `norm_min|median|max` are over all latents. Ranks, neighbours and recall use at most `sample` points drawn with
    `seed` (`sample_points` gives the number); the others use every row. Latents that are not finite are left out.
    Undefined values are NaN.
    """
    return Reference(inputs, sample=sample, seed=seed).compare(latents)


class Reference:
    """The input side of `honesty`, computed once for many frames of the same rows."""

    def __init__(self, inputs: Arrays, *, sample: int = 1000, seed: int = 0) -> None:
        self.modalities = tuple(inputs)
        self._inputs, self._sample, self._seed = inputs, sample, seed
        rows = len(next(iter(inputs.values())))
        self.rows = drawn_rows(rows, modalities=len(inputs), sample=sample, seed=seed)
        self._paired = len(inputs) == MODALITIES_OF_A_PAIR
        self._pairs = matched(*inputs.values()) if self._paired else None
        self._gap = gap(*inputs.values()) if self._paired else float("nan")
        parts = _parts(self._distances(inputs), self.modalities)
        self._ranks = {name: _ranks(part) for name, part in parts.items()}
        self._nearest = {name: _nearest(part) for name, part in parts.items()}

    def compare(self, latents: Arrays, *, together: bool = True) -> dict[str, float]:
        """The metrics of one frame, as in `honesty`; those over both modalities together only if asked for."""
        finite = np.logical_and.reduce([np.isfinite(latents[name]).all(axis=1) for name in self.modalities])
        if not finite.all():
            return self._without(latents, finite, together=together)
        distances = self._distances(latents)
        parts = _parts(distances, self.modalities)
        result = self._within(
            parts if together or len(parts) == 1 else {name: parts[name] for name in parts if name}
        )
        if self._pairs is not None:
            result |= self._between(latents, distances, before=self._pairs)
        return result | self._norms(latents) | {"sample_points": float(len(distances))}

    def _without(self, latents: Arrays, finite: NDArray[np.bool_], *, together: bool) -> dict[str, float]:
        """The metrics of the rows that are finite; nothing to tell without any."""
        if not finite.any():
            return {"sample_points": 0.0}
        inputs, left = (
            {name: each[name][finite] for name in self.modalities} for each in (self._inputs, latents)
        )
        return Reference(inputs, sample=self._sample, seed=self._seed).compare(left, together=together)

    def _within(self, parts: dict[str, Matrix]) -> dict[str, float]:
        """Spearman and neighbour overlap of each part; a part's name ends the metric's."""
        result = {}
        for name, part in parts.items():
            before, near = self._ranks[name], self._nearest[name]
            if before is not None:
                result[f"spearman{name}"] = float(before @ ranks(condensed(part)))
            if near is not None:
                result[f"neighbour_overlap{name}"] = shared(near, nearest(part, near.shape[1]))
                result["neighbour_chance_within" if name else "neighbour_chance"] = chance(
                    len(part), near.shape[1]
                )
        return result

    def _between(self, latents: Arrays, distances: Matrix, *, before: Matrix) -> dict[str, float]:
        """The metrics of a pair of modalities."""
        first, second = (latents[name] for name in self.modalities)
        size = len(self.rows)
        across = distances[:size, size:]
        return {
            "gap": gap(first, second),
            "gap_before": self._gap,
            "pair_error": pair_error(before, matched(first, second)),
            f"recall_1_{self.modalities[0]}": _found_first(across),
            f"recall_1_{self.modalities[1]}": _found_first(across.T),
            "recall_chance": 1.0 / size,
        }

    def _distances(self, arrays: Arrays) -> Matrix:
        return pairwise(np.concatenate([arrays[name][self.rows] for name in self.modalities]))

    def _norms(self, latents: Arrays) -> dict[str, float]:
        norms = np.concatenate([lengths.lengths(latents[name]) for name in self.modalities])
        return {
            "norm_min": float(norms.min()),
            "norm_median": float(np.median(norms)),
            "norm_max": float(norms.max()),
        }


def _parts(distances: Matrix, modalities: tuple[str, ...]) -> dict[str, Matrix]:
    """Distances within all points ("") and, with several modalities, within each ("_<modality>")."""
    parts = {"": distances}
    size = len(distances) // len(modalities)
    if len(modalities) > 1:
        for index, name in enumerate(modalities):
            own = slice(index * size, (index + 1) * size)
            parts[f"_{name}"] = np.ascontiguousarray(distances[own, own])
    return parts


def _ranks(distances: Matrix) -> Matrix | None:
    return ranks(condensed(distances)) if len(distances) >= LEAST_RANKED else None


def _nearest(distances: Matrix) -> NDArray[np.int64] | None:
    return nearest(distances, min(NEIGHBOURS, len(distances) - 1)) if len(distances) > 1 else None


def _found_first(across: Matrix) -> float:
    """The share of rows whose smallest distance is to their own partner, on the diagonal; ties count against."""
    own = np.diagonal(across)
    rivals = (across <= own[:, None]).sum(axis=1) - 1
    return float((rivals == 0).mean())
