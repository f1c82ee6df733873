"""Choose the held-out rows, the probe set and the batch order from seed and content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qlatent.training.core import splits

TRAIN_NAMES = frozenset({"train", "training"})
HELDOUT_NAMES = frozenset(
    {"test", "testing", "val", "valid", "validation", "dev", "eval"}
    | {"heldout", "held-out", "held_out", "holdout"}
)
HELDOUT_STREAM, PROBE_STREAM = 1, 2  # separate random streams for the split and the probe set
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Split(Protocol):
    """Settings that determine the held-out rows and the probe set."""

    @property
    def seed(self) -> int: ...
    @property
    def split_seed(self) -> int: ...
    @property
    def heldout(self) -> float: ...
    @property
    def split_rule(self) -> str: ...
    @property
    def probe_size(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Labels:
    """Content, split, label and group of each row; all arrays have length n.

    `content` is a hash of the row's content. Rows of equal content stay on one side of the split, as do rows of equal
    `group` under the rule `groups`. In place of contents or labels, their ranks in sorted order give the same choices.
    """

    content: NDArray[np.str_] | Rows
    split: NDArray[np.str_]  # "" where unknown
    label: NDArray[np.str_] | Rows  # "" where unknown
    group: Rows | None = None  # numbers from 0; None: rows share only their content


def nobody() -> Rows:
    """An empty array of rows."""
    return np.empty(0, dtype=np.int64)


def replace_rows(labels: Labels, rows: Rows) -> Labels:
    """The labels of the given rows."""
    group = None if labels.group is None else labels.group[rows]
    return Labels(labels.content[rows], labels.split[rows], labels.label[rows], group)


def groups_of(labels: Labels) -> Rows:
    """The group of each row, (n,), numbered independently of the order of the rows."""
    content = splits.dense(labels.content)
    if labels.group is None:
        return content
    return splits.in_order(splits.tied([content, labels.group]), content)


def heldout_mask(labels: Labels, config: Split, *, group: Rows | None = None) -> Mask:
    """Mask of the held-out rows, (n,) bool.

    The items' split column is used where it names both sides; a group (or content, under that rule) with rows on both
    sides is held out. Otherwise the share `config.heldout` of the rows is drawn by the seed, in whole groups and
    stratified by label (`splits.held_out`), or the same share of the distinct contents. Row order has no influence.
    `group` is `groups_of(labels)` where the caller has it already.
    """
    own_heldout, own = _own_split(labels.split)
    if config.split_rule == "groups":
        group = groups_of(labels) if group is None else group
        if own:
            return np.isin(group, group[own_heldout])
        generator = _stream(config, HELDOUT_STREAM)
        return splits.held_out(group, labels.label, share=config.heldout, generator=generator)
    if own:
        return np.isin(labels.content, labels.content[own_heldout])
    contents = np.unique(labels.content)
    chosen = _stream(config, HELDOUT_STREAM).permutation(contents)
    return np.isin(labels.content, chosen[: round(config.heldout * len(contents))])


def _own_split(names: NDArray[np.str_]) -> tuple[Mask, bool]:
    """Mask of the rows that their split column holds out, and whether the column names both sides."""
    distinct, place = np.unique(names, return_inverse=True)
    said = [name.strip().lower() for name in distinct.tolist()]
    train, heldout = (np.array([name in side for name in said]) for side in (TRAIN_NAMES, HELDOUT_NAMES))
    return heldout[place], bool(train.any() and heldout.any())


def probe_positions(label: NDArray[np.str_] | Rows, config: Split) -> Rows:
    """Positions of the probe set, ascending: at most `config.probe_size` rows, stratified by label.

    Every label gets one row before any gets two; beyond that, shares are proportional as far as the rows allow.
    """
    shuffled = _stream(config, PROBE_STREAM).permutation(len(label))
    _, strata, sizes = np.unique(label[shuffled], return_inverse=True, return_counts=True)
    by_stratum = np.argsort(strata, kind="stable")
    starts = np.cumsum(sizes) - sizes
    place = np.empty(len(label))
    place[by_stratum] = (np.arange(len(label)) - np.repeat(starts, sizes)) / np.repeat(sizes, sizes)
    chosen = np.argsort(place, kind="stable")[: config.probe_size]
    return np.sort(shuffled[chosen])


def _stream(config: Split, stream: int) -> np.random.Generator:
    seed = config.seed if config.split_seed < 0 else config.split_seed
    return np.random.default_rng((seed, stream))


def batch_order(count: int, *, seed: int, epoch: int) -> Rows:
    """The order in which an epoch visits `count` rows; it depends on the arguments alone."""
    return np.random.default_rng((seed, 0, epoch)).permutation(count)


def labels_of(
    columns: dict[str, Sequence[str | None]], *, content: str = "pair_hash", group: Rows | None = None
) -> Labels:
    """`Labels` built from item columns of the store (None where unknown)."""

    def text(name: str) -> NDArray[np.str_]:
        return np.array([value or "" for value in columns[name]], dtype=np.str_)

    return Labels(text(content), text("split"), text("label"), group)
