"""Choose training, held-out and probe rows of stored vectors, from seed and content."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.training.core import splits
from qlatent.training.core.configs import TrainingConfig
from qlatent.training.core.rows import (
    Labels,
    Mask,
    Rows,
    groups_of,
    heldout_mask,
    nobody,
    probe_positions,
    replace_rows,
)
from qlatent.types import Arrays, content_hash

_AT_ONCE = 1024  # rows that are normalised together
FEWEST = 8  # pairs; with fewer, neither a batch nor a held-out share is meaningful


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Arrays by modality, (n, d) float32, normalised by the config; row i of all modalities is one item.

    `…_rows` are row numbers in the given arrays. The probe set is drawn from training and held-out rows. `…_views`
    are the vectors of augmented views, (n, views, d) in the order of the rows, for losses that compare them.
    """

    train: Arrays
    heldout: Arrays
    probe: Arrays
    train_rows: Rows
    heldout_rows: Rows
    probe_rows: Rows
    probe_heldout: Mask  # (probe,): whether a row of the probe set is held out
    left_out: dict[str, int] = field(default_factory=dict)  # reason → rows
    train_views: Arrays = field(default_factory=dict)
    heldout_views: Arrays = field(default_factory=dict)
    train_groups: Rows = field(default_factory=nobody)  # of each row
    heldout_groups: Rows = field(default_factory=nobody)

    @property
    def counts(self) -> dict[str, float]:
        """Numbers of rows and groups in the training and held-out parts, and of groups in both."""
        rows = {"train_pairs": float(self.train_pairs), "heldout_pairs": float(self.heldout_pairs)}
        return rows | splits.sides(self.train_groups, self.heldout_groups)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities, in the order of the arrays."""
        return tuple(self.train)

    @property
    def train_pairs(self) -> int:
        """Number of training rows."""
        return len(self.train_rows)

    @property
    def heldout_pairs(self) -> int:
        """Number of held-out rows."""
        return len(self.heldout_rows)


def from_arrays(arrays: Arrays, config: TrainingConfig) -> TrainingData:
    """Training data from arrays (modality → (n, d)), without labels; the content of a row is its vectors.

    Rows with an equal vector in any modality form a group.
    """
    count = _length(arrays)
    content = [content_hash(np.concatenate([array[i] for array in arrays.values()])) for i in range(count)]
    blank = np.full(count, "", dtype="U1")
    group = None
    if len(arrays) > 1 and config.split_rule == "groups":
        group = splits.tied([splits.codes(map(content_hash, array)) for array in arrays.values()])
    return from_items(arrays, Labels(np.array(content, dtype=np.str_), blank, blank, group), config)


def from_items(
    arrays: Arrays, labels: Labels, config: TrainingConfig, *, views: Arrays | None = None
) -> TrainingData:
    """Training data of items: `arrays` (modality → (n, d)) have NaN rows where an item lacks the modality.

    `views` (modality → (n, views, d)) are augmented views of the items; an item needs all of them. Rows without a
    vector, with a zero vector (it cannot be normalised) or, with `config.unique_pairs`, with a repeated content are
    left out and counted. Fewer than 8 remaining rows raise `InputError`.
    """
    _length(arrays)
    views = views or {}
    usable, left_out = _usable(
        arrays | {f"augmented {name}": each for name, each in views.items()}, labels, config
    )
    rows = np.flatnonzero(usable)
    if len(rows) < FEWEST:
        raise InputError(
            f"Only {len(rows)} usable {_pairs(arrays)}{_reasons(left_out)}; training needs {FEWEST}.",
            remedy="Import more items, or encode those without vectors.",
        )
    known = replace_rows(labels, rows)
    group = groups_of(known)
    heldout = heldout_mask(known, config, group=group)
    if heldout.all():
        raise InputError(
            f"All {len(rows)} usable {_pairs(arrays)} are held out; none is left for training.",
            remedy="Lower `heldout`, or mark more items as train in their split column.",
        )
    probe = probe_positions(labels.label[rows], config)
    parts = (rows[~heldout], rows[heldout], rows[probe])
    train, judged, drawn = ({name: _take(arrays[name], part, config) for name in arrays} for part in parts)
    learned, kept = ({name: _take(views[name], part, config) for name in views} for part in parts[:2])
    sides = group[~heldout], group[heldout]
    return TrainingData(train, judged, drawn, *parts, heldout[probe], left_out, learned, kept, *sides)


def _length(arrays: Arrays) -> int:
    lengths = {name: len(array) for name, array in arrays.items()}
    if not lengths:
        raise InputError("There is nothing to train on: no modality was given.")
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{count} {name}" for name, count in lengths.items())
        raise InputError(f"All modalities must have the same number of rows; got {said}.")
    for name, array in arrays.items():
        if array.ndim != 2:
            raise InputError(f"{name} vectors must be an array (n, d); got shape {array.shape}.")
    return next(iter(lengths.values()))


def _usable(arrays: Arrays, labels: Labels, config: TrainingConfig) -> tuple[Mask, dict[str, int]]:
    left_out: dict[str, int] = {}
    usable = np.ones(len(labels.content), dtype=bool)
    for name, array in arrays.items():
        whole = np.isfinite(array).reshape(len(array), -1).all(axis=1)
        _leave_out(usable, np.logical_not(whole), f"no {name} vector", left_out)
    if config.normalise == "l2":
        for name, array in arrays.items():
            whole = array.any(axis=-1).reshape(len(array), -1).all(axis=1)
            _leave_out(usable, np.logical_not(whole), f"zero {name} vector", left_out)
    if config.unique_pairs:
        rows = np.flatnonzero(usable)
        repeated = usable.copy()
        repeated[rows[splits.firsts(splits.dense(labels.content[rows]))]] = False
        _leave_out(usable, repeated, "same content as an earlier row", left_out)
    return usable, left_out


def _leave_out(usable: Mask, bad: Mask, reason: str, counts: dict[str, int]) -> None:
    count = int((usable & bad).sum())
    if count:
        counts[reason] = count
    usable &= ~bad


def _pairs(arrays: Arrays) -> str:
    return "image-text pairs" if {"image", "text"} <= set(arrays) else "rows"


def _reasons(left_out: dict[str, int]) -> str:
    said = ", ".join(f"{count} left out: {why}" for why, count in left_out.items())
    return f" ({said})" if said else ""


def _take(array: NDArray[np.float32], rows: Rows, config: TrainingConfig) -> NDArray[np.float32]:
    """A copy of these rows (n, …), of unit length by the config; made in parts that stay in the cache."""
    taken = np.empty((len(rows), *array.shape[1:]), dtype=np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        taken[part] = array[rows[part]]
        if config.normalise == "l2":
            taken[part] = lengths.unit(taken[part])
    return taken
