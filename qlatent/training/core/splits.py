"""Group related rows, and hold out whole groups.

Rows that share an image, a text, a vector, the stem of their ids or a value of a chosen column form a group. Sharing
is transitive. A group is never divided between the training and the held-out part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

_SPARSE = 4  # numbers up to so many times their count are ranked by a table, not by sorting
_NUMBERED = re.compile(r"(.+)#\d+")  # "1000268201.jpg#0", the first of several captions of one image


def codes(values: Iterable[str | None]) -> Rows:
    """An integer code of each value, equal for equal values; −1 for None and "", which group nothing."""
    known: dict[str, int] = {}
    return np.array(
        [known.setdefault(value, len(known)) if value else -1 for value in values], dtype=np.int64
    )


def uncommon(found: Rows) -> Rows:
    """Codes of contents (n,), texts, images or vectors, in which a content of more than half of the rows is −1.

    Rows do not belong together because they share "no description" or a placeholder image.
    """
    common = np.bincount(found[found >= 0], minlength=1) > len(found) / 2
    return np.where((found >= 0) & common[found], -1, found)


def id_stems(ids: Iterable[str]) -> list[str | None]:
    """The stem of each id of the form `stem#number`; None for every other id.

    Flickr8k, COCO captions and similar files number the captions of an image this way. Other endings (`a-1`, `a_2`)
    are as often plain counters and group nothing; choose a column for these.
    """
    found = (_NUMBERED.fullmatch(each) for each in ids)
    return [match[1] if match else None for match in found]


def tied(columns: Sequence[Rows]) -> Rows:
    """The group of each row, (n,) from 0: rows with an equal code in any column share a group.

    Columns are (n,) codes, −1 where a row has none. The groups are the connected components of rows and codes.
    """
    from scipy.sparse import coo_array  # imported here, because pages import this module
    from scipy.sparse.csgraph import connected_components

    count = len(columns[0])
    rows, nodes, first = [], [], count
    for column in columns:
        # a value of a single row ties nothing, and most values are such
        shared = np.bincount(column[column >= 0], minlength=1) > 1
        known = np.flatnonzero((column >= 0) & shared[column])
        rows.append(known)
        nodes.append(first + column[known])
        first += int(column.max(initial=-1)) + 1
    ends = np.concatenate(rows), np.concatenate(nodes)
    if not len(ends[0]):
        return np.arange(count)
    graph = coo_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(first, first))
    found: Rows = connected_components(graph, directed=False)[1][:count].astype(np.int64)
    return dense(found)


def dense(values: NDArray[np.str_] | Rows) -> Rows:
    """The rank of each value among the distinct values, (n,) from 0; small whole numbers are not sorted for it."""
    whole = values.dtype.kind == "i" and len(values) and values.min() >= 0
    if not whole or (highest := int(values.max())) > _SPARSE * len(values):
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    present = np.zeros(highest + 1, dtype=bool)
    present[values] = True
    return (np.cumsum(present) - 1)[values]


def firsts(values: Rows) -> Rows:
    """The first row of each distinct value of (n,), ascending by value; values are ranks, as `dense` gives them."""
    first = np.empty(int(values.max(initial=-1)) + 1, dtype=np.int64)
    first[values[::-1]] = np.arange(len(values))[::-1]  # of equal values the last one written stays
    return first


def in_order(groups: Rows, content: NDArray[np.str_] | Rows) -> Rows:
    """The groups renumbered by the smallest content in each, so that row order has no influence."""
    least = np.full(int(groups.max(initial=-1)) + 1, len(content), dtype=np.int64)
    np.minimum.at(least, groups, dense(content))
    return dense(least)[groups]


def held_out(
    groups: Rows, labels: NDArray[np.str_] | Rows, *, share: float, generator: np.random.Generator
) -> Mask:
    """Mask of the held-out rows, (n,): whole groups, at most `share` of the rows, stratified by label.

    The label of a group is its most frequent one. A group larger than the rows still wanted is trained on; if every
    group is larger, the smallest is held out. Rows that all form one group raise `InputError`.
    """
    sizes = np.bincount(groups)
    wanted = round(share * len(groups))
    chosen = np.zeros(len(sizes), dtype=bool)
    if not wanted:
        return chosen[groups]
    if len(sizes) < 2:
        raise InputError(
            f"All {len(groups)} usable rows form one group (by images, texts, ids or the chosen column):"
            " none can be held out without training on related rows.",
            remedy="Choose another column, set heldout=0, mark train and test in a split column, or use"
            " split_rule=contents, which groups only identical rows.",
        )
    room = wanted
    order = _in_turn(sizes, main_labels(groups, labels), generator)
    fitting = int(np.searchsorted(np.cumsum(sizes[order]), room, side="right"))  # all of these have room
    chosen[order[:fitting]] = True
    room -= int(sizes[order[:fitting]].sum())
    for group in order[fitting:] if room else ():
        if sizes[group] <= room:
            chosen[group] = True
            room -= sizes[group]
        if not room:
            break
    if not chosen.any():
        chosen[int(sizes.argmin())] = True
    return chosen[groups]


def main_labels(groups: Rows, labels: NDArray[np.str_] | Rows) -> Rows:
    """Code of the most frequent label of each group, (groups,); ties go to the first in order."""
    numbers = dense(labels)
    if (np.bincount(groups) == 1).all():  # every row is a group
        alone = np.empty(len(groups), dtype=np.int64)
        alone[groups] = numbers
        return alone
    names = int(numbers.max()) + 1
    pairs, counts = np.unique(groups * names + numbers, return_counts=True)
    order = np.lexsort((pairs, -counts, pairs // names))
    first = np.unique(pairs[order] // names, return_index=True)[1]
    return (pairs[order][first] % names).astype(np.int64)


def _in_turn(sizes: Rows, label: Rows, generator: np.random.Generator) -> Rows:
    """The groups in an order of which every prefix has about the label proportions of the whole.

    Systematic sampling: the groups of a label lie one after the other on a circle of length 1, each as long as its
    share of the label's rows. All circles are walked in parallel, each from a random start.
    """
    order = generator.permutation(len(sizes))
    start = generator.random(int(label.max()) + 1)
    row = order[np.argsort(label[order], kind="stable")]  # by label, shuffled within
    whole = np.bincount(label, weights=sizes)
    before = np.cumsum(sizes[row]) - sizes[row] - (np.cumsum(whole) - whole)[label[row]]
    place = (before / whole[label[row]] + start[label[row]]) % 1.0
    return row[np.argsort(place, kind="stable")]


def sides(train: Rows, heldout: Rows) -> dict[str, float]:
    """Numbers of groups in the training part, in the held-out part and in both (0 under the rule `groups`)."""
    learned, judged = np.unique(train), np.unique(heldout)
    both = np.intersect1d(learned, judged)
    return {
        "train_groups": float(len(learned)),
        "heldout_groups": float(len(judged)),
        "groups_on_both_sides": float(len(both)),
    }
