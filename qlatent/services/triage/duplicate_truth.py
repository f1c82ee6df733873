"""How well near-duplicates are the pairs that somebody knows to be the same: a file of two columns of item ids."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from qlatent.errors import InputError
from qlatent.services.datasets.coded import Texts, columns_of
from qlatent.services.triage import compared as reading
from qlatent.services.triage.compared import By, Read
from qlatent.services.triage.duplicates import WIDEST
from qlatent.store.workspace import Workspace
from qlatent.triage.duplicates import matching
from qlatent.triage.duplicates.matching import Candidates, Score
from qlatent.triage.duplicates.pairs import near
from qlatent.types import Progress

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Measured:
    """The score on the half of the truth on which the threshold was not chosen."""

    score: Score
    by: By
    matching: str  # "one-to-one" of two sources, "threshold" within one
    source: str  # the column that tells two sources apart, "" within one
    true_pairs: int
    seed: int

    def document(self) -> dict[str, Any]:
        """The figures as JSON values."""
        rest = {name: value for name, value in asdict(self).items() if name != "score"}
        return asdict(self.score) | rest


def measured(
    workspace: Workspace, dataset: str, truth: Path, *, by: By, seed: int = 0, threshold: float | None = None,
    source: str = "", progress: Progress | None = None, **chosen: str,
) -> Measured:  # fmt: skip
    """The score of near-duplicates against known pairs; a file that cannot be used raises `InputError`.

    Where a column tells two sources apart (`source`, or one of exactly two values, each that of one side of all
    pairs), only pairs between them count, and only those that are each other's nearest. Otherwise items that pairs
    connect are all the same, and every pair within the threshold counts. The threshold is the best on one half of the
    truth, drawn by `seed`, unless it is given; the score is that of the other half.
    """
    compared = reading.chosen(workspace, dataset, by, **chosen)
    ids: list[str] = workspace.items.table(dataset, columns=["id"])["id"].to_pylist()
    pairs = _pairs(truth, ids)
    sides = _sides(workspace, dataset, pairs, source)
    read = reading.read(workspace, dataset, compared, progress=progress)
    if sides is None:
        found, owners = _within(read, pairs, WIDEST[by], progress)
    else:
        found, owners = _between(read, pairs, sides[1])
    score = matching.chosen_and_scored(found, owners, seed=seed, threshold=threshold)
    how = "threshold" if sides is None else "one-to-one"
    return Measured(score, by, how, sides[0] if sides else "", len(found.true_owner), seed)


def _pairs(path: Path, ids: list[str]) -> Rows:
    """The rows (p, 2) of the pairs in a file."""
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as err:  # pandas' own errors of reading and decoding are ValueErrors
        raise InputError(f"{path} cannot be read as CSV: {err}.", remedy="Give another file.") from err
    if table.shape[1] < 2 or not len(table):
        raise InputError(
            f"{path} has no pairs.", remedy="Give a CSV file with a header and two columns of item ids."
        )
    row = {each: number for number, each in enumerate(ids)}
    named = table.iloc[:, :2].to_numpy()
    unknown = [each for each in named.ravel() if each not in row]
    if unknown:
        raise InputError(
            f"{len(unknown):,} of the {named.size:,} ids in {path} are not in the dataset, for example {unknown[0]!r}.",
            remedy="The first two columns must hold ids of its items.",
        )
    found = np.array([[row[each] for each in pair] for pair in named], dtype=np.int64)
    return np.unique(found[found[:, 0] != found[:, 1]], axis=0)


def _sides(
    workspace: Workspace, dataset: str, pairs: Rows, source: str
) -> tuple[str, NDArray[np.bool_]] | None:
    """The column that tells two sources apart and which items (n,) are of the left one's, or None."""
    columns = columns_of(workspace, dataset)
    if source and not isinstance(columns.get(source), Texts):
        texts = ", ".join(name for name, column in columns.items() if isinstance(column, Texts))
        raise InputError(f"There is no column of texts {source!r}.", remedy=f"Use one of {texts}.")
    for name, column in columns.items():
        if (source and name != source) or not isinstance(column, Texts) or len(column.values) != 2:
            continue
        left, right = (np.unique(column.codes[side]) for side in pairs.T)
        if len(left) == len(right) == 1 and {int(left[0]), int(right[0])} == {0, 1}:
            return name, column.codes == left[0]
    if source:
        raise InputError(
            f"{source!r} does not tell the two sides of the pairs apart.", remedy="Leave the source out."
        )
    return None


def _between(read: Read, pairs: Rows, of_left: NDArray[np.bool_]) -> tuple[Candidates, int]:
    """The pairs of two sources that are each other's nearest; each counts for its left item."""
    given = read.content >= 0
    left, right = np.flatnonzero(of_left & given), np.flatnonzero(~of_left & given)
    contents = read.of(read.content[np.concatenate([left, right])].astype(np.int64))
    one, other, distance = matching.mutual_best(contents, len(left))
    known = {(int(a), int(b)) for a, b in pairs}
    true = [(int(a), int(b)) in known for a, b in zip(left[one], right[other], strict=True)]
    candidates = Candidates(distance, np.array(true, np.bool_), left[one], pairs[:, 0])
    return _numbered(candidates, np.flatnonzero(of_left))


def _numbered(found: Candidates, owners: Rows) -> tuple[Candidates, int]:
    """Owners as numbers from 0 on, and how many there are."""
    own, true_own = (np.searchsorted(owners, each) for each in (found.owner, found.true_owner))
    return Candidates(found.distance, found.true, own, true_own), len(owners)


def _within(read: Read, pairs: Rows, widest: float, progress: Progress | None) -> tuple[Candidates, int]:
    """All near pairs of one source; each counts for the known group of its first item."""
    count = len(read.content)
    links = coo_array((np.ones(len(pairs), np.bool_), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    groups, group = connected_components(links, directed=False)
    rows = np.flatnonzero(read.content >= 0)
    found = near(read.of(read.content[rows].astype(np.int64)), widest=widest, progress=progress)
    first, second = group[rows[found.first]], group[rows[found.second]]
    sizes = np.bincount(group, minlength=groups)
    true_owner = np.repeat(np.arange(groups), sizes * (sizes - 1) // 2)
    owner = first.astype(np.int64)
    return Candidates(found.distance, first == second, owner, true_owner.astype(np.int64)), groups
