"""The input of metrics: items before and after a head, with optional labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.metrics.pairs import sampling
from qlatent.metrics.pairs.distances import Distance, Matrix, pairwise
from qlatent.metrics.pairs.point_set import Geometry
from qlatent.metrics.value import Undefined
from qlatent.types import Arrays

Labels = Sequence[str | None]
Kept = TypeVar("Kept")


class InputSide:
    """The items before any head, computed once and reused for the latents of many heads on the same rows.

    `inputs` maps modality → (n, d); row i of all modalities is one item. For geometry all modalities are stacked into
    one joint set of at most `sample` points, drawn by items with `seed`. `k` is the number of neighbours. `labels` has
    one string per item, "" if unknown. `beside` is the number of modalities that are measured one after the other and
    share a budget of points. Raises `InputError` for NaN and for modalities of different lengths.
    """

    def __init__(
        self,
        inputs: Arrays,
        *,
        distance: Distance = "euclidean",
        labels: Labels | None = None,
        sample: int = 2000,
        seed: int = 0,
        k: int = 10,
        beside: int = 1,
    ) -> None:
        self.inputs = _checked(inputs, "inputs")
        self.modalities = tuple(inputs)
        self.items = _rows(inputs)
        self.labels = _words(labels, self.items)
        self.distance, self.seed, self.k, self.beside = distance, seed, k, beside
        self._alone: dict[str, InputSide] = {}
        self.rows = sampling.drawn_rows(
            self.items, modalities=len(inputs), sample=sample, seed=seed
        )  # (sampled items,)

    @cached_property
    def stacked(self) -> Matrix:
        """The joint set of points: (points, d), all of the first modality first."""
        return self.joint(self.inputs)

    @cached_property
    def geometry(self) -> Geometry:
        """Distances of the joint set, with neighbours and ranks."""
        return Geometry(pairwise(self.stacked, self.distance), self.k)

    @property
    def sampled(self) -> str:
        """The items that the geometry uses, in words."""
        points = len(self.rows) * len(self.modalities)
        return sampling.described(len(self.rows), self.items, points=points, seed=self.seed)

    def alone(self, modality: str) -> InputSide:
        """One modality of the same drawn items, computed once."""
        if modality not in self._alone:
            self._alone[modality] = InputSide(
                {modality: self.inputs[modality]}, distance=self.distance, sample=len(self.rows), seed=self.seed,
                k=self.k, beside=len(self.modalities),
            )  # fmt: skip
        return self._alone[modality]

    def joint(self, arrays: Arrays) -> Matrix:
        """The drawn rows of all modalities below each other, as float64."""
        parts = [arrays[name][self.rows] for name in self.modalities]
        if len({part.shape[1] for part in parts}) > 1:
            widths = " and ".join(str(part.shape[1]) for part in parts)
            raise InputError(f"Modalities of width {widths} have no common distances.")
        return np.concatenate(parts).astype(np.float64)


class Comparison:
    """Items before (`inputs`) and after a head (`latents`), both modality → (n, d), as taken by every metric.

    `distance` applies to latents, `input_distance` to inputs. Probes are fitted to `train_latents` with `train_labels`;
    rows with equal `train_groups` (n,) stay in one cross-validation fold. A `reference` made from the same inputs
    replaces labels, input distance, sample, seed and k given here with its own.
    """

    def __init__(
        self,
        inputs: Arrays,
        latents: Arrays,
        *,
        distance: Distance = "euclidean",
        input_distance: Distance = "euclidean",
        labels: Labels | None = None,
        train_inputs: Arrays | None = None,
        train_latents: Arrays | None = None,
        train_labels: Labels | None = None,
        train_groups: NDArray[np.int64] | None = None,
        sample: int = 2000,
        seed: int = 0,
        k: int = 10,
        reference: InputSide | None = None,
    ) -> None:
        self.before = reference or InputSide(
            inputs, distance=input_distance, labels=labels, sample=sample, seed=seed, k=k
        )
        self.modalities, self.seed, self.k = self.before.modalities, self.before.seed, self.before.k
        self.latents = _belonging(latents, self.modalities, self.before.items, "latents")
        _belonging(inputs, self.modalities, self.before.items, "inputs")
        self.distance = distance
        self.train_inputs = _training(train_inputs, self.modalities)
        self.train_latents = _training(train_latents, self.modalities)
        trained = self.train_latents or self.train_inputs
        self.train_labels = _words(train_labels, _rows(trained)) if trained else None
        self.train_groups = train_groups
        self._kept: dict[str, Any] = {}

    @property
    def labels(self) -> NDArray[np.str_] | None:
        """One string per item, "" if unknown."""
        return self.before.labels

    @property
    def sampled(self) -> str:
        """The items that the geometry uses, in words."""
        return self.before.sampled

    @property
    def items(self) -> int:
        """Number of items drawn for the geometry."""
        return len(self.before.rows)

    @property
    def points(self) -> int:
        """Number of points of the joint set: drawn items × modalities."""
        return self.items * len(self.modalities)

    @cached_property
    def stacked(self) -> Matrix:
        """The latents of the joint set: (points, d), all of the first modality first."""
        return self.before.joint(self.latents)

    @cached_property
    def after(self) -> Geometry:
        """Distances between the latents of the joint set, with neighbours and ranks."""
        return Geometry(pairwise(self.stacked, self.distance), self.k)

    def sides(self, *, points: int = 3) -> tuple[Geometry, Geometry]:
        """Geometry before and after; `Undefined` for fewer than `points` points."""
        if self.points < points:
            raise Undefined(f"needs at least {points} points; there are {self.points}")
        return self.before.geometry, self.after

    def alone(self, modality: str) -> Comparison:
        """One modality on the same drawn items, without training rows; computed once."""
        return self.kept(
            f"alone {modality}",
            lambda: Comparison(
                {modality: self.before.inputs[modality]}, {modality: self.latents[modality]},
                distance=self.distance, reference=self.before.alone(modality),
            ),
        )  # fmt: skip

    def drawn(self, points: int) -> NDArray[np.int64]:
        """Ascending numbers of drawn items with at most `points` points, for figures that cost more than others.

        A modality on its own gets its share of the points, so that all modalities cost as much as the joint set.
        """
        modalities = len(self.modalities) * self.before.beside
        return sampling.drawn_rows(self.items, modalities=modalities, sample=points, seed=self.seed)

    def by_item(self, per_point: Matrix) -> Matrix:
        """Mean over each item's points of values of the joint set: (points,) → (items,)."""
        return per_point.reshape(len(self.modalities), -1).mean(axis=0)

    def points_of(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """Point numbers of drawn items, in the order of the joint set."""
        return (items + self.items * np.arange(len(self.modalities))[:, None]).ravel()

    def pair(self) -> tuple[str, str]:
        """The two modalities with matched rows; `Undefined` unless there are exactly two."""
        if len(self.modalities) != 2:
            raise Undefined(f"needs matched rows of two modalities; these items have {len(self.modalities)}")
        return self.modalities[0], self.modalities[1]

    def kept(self, name: str, make: Callable[[], Kept]) -> Kept:
        """The result of `make`, cached by name, for ranks or predictions shared by several metrics."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]


def _rows(arrays: Arrays) -> int:
    return len(next(iter(arrays.values())))


def _checked(arrays: Arrays, what: str) -> Arrays:
    if not arrays:
        raise InputError(f"There is no modality among the {what}.")
    for name, array in arrays.items():
        if np.ndim(array) != 2 or not len(array):
            raise InputError(f"The {what} {name!r} need shape (n, d) with n ≥ 1; got {np.shape(array)}.")
        if not np.isfinite(array).all():
            raise InputError(f"The {what} {name!r} contain NaN or infinity.", remedy="Drop those rows.")
    if len({len(array) for array in arrays.values()}) > 1:
        counts = ", ".join(f"{name}: {len(array)}" for name, array in arrays.items())
        raise InputError(f"Modalities of the {what} differ in rows ({counts}).")
    return arrays


def _belonging(arrays: Arrays, modalities: tuple[str, ...], items: int, what: str) -> Arrays:
    if set(arrays) != set(modalities):
        raise InputError(f"The {what} have {', '.join(arrays)}; expected {', '.join(modalities)}.")
    if _rows(_checked(arrays, what)) != items:
        raise InputError(f"The {what} have {_rows(arrays)} rows; expected {items}.")
    return arrays


def _training(arrays: Arrays | None, modalities: tuple[str, ...]) -> Arrays | None:
    return None if arrays is None else _belonging(arrays, modalities, _rows(arrays), "training rows")


def _words(labels: Labels | None, items: int) -> NDArray[np.str_] | None:
    if labels is None:
        return None
    if len(labels) != items:
        raise InputError(f"There are {len(labels)} labels for {items} items.")
    return np.array([str(label) if label is not None else "" for label in labels], dtype=np.str_)
