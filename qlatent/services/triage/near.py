"""The near-duplicates of one case, with the decisions on them."""

from __future__ import annotations

from dataclasses import dataclass

from qlatent.errors import InputError
from qlatent.services.search import stored_vectors
from qlatent.services.triage import duplicates, tiles
from qlatent.services.triage.cases import Case
from qlatent.services.triage.compared import By
from qlatent.services.triage.tiles import Tile
from qlatent.store.workspace import Workspace

SHOWN = 6
"""Members of a group that are read with text and picture."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a case's group, how far it is from the case, and whether it represents the group."""

    tile: Tile
    distance: float
    first: bool


@dataclass(frozen=True, slots=True)
class Group:
    """The group of a case at a threshold: the ids of all `items`, the first of which represents it.

    `others` are at most `SHOWN` members beside the case, the nearest first, `open` how many items are open cases.
    Without near-duplicates there are no items.
    """

    by: By
    threshold: float
    items: tuple[str, ...]
    open: int
    others: tuple[Member, ...]


def of_case(
    workspace: Workspace, case: Case, *, by: By, threshold: float | None, encoder: str
) -> Group | None:
    """The group of a case; None if the dataset was not compared in this way, or has changed since.

    `threshold` as in `duplicates.around`, `encoder` where vectors are compared.
    """
    if case.row is None or (by == "vector" and not encoder):
        return None
    chosen = {"encoder": encoder} if by == "vector" else {}
    try:
        found = duplicates.around(workspace, case.dataset, case.row, by=by, threshold=threshold, **chosen)
    except InputError:  # nothing of this kind to compare
        return None
    if found is None:
        return None
    if not found.members:
        return Group(by, found.threshold, (), 0, ())
    ids = stored_vectors.ids(workspace, case.dataset).take([each.row for each in found.members])
    items = tuple(str(each) for each in ids)
    near = sorted((each for each in found.members if each.row != case.row), key=lambda each: each.distance)[
        :SHOWN
    ]
    read = tiles.of_rows(workspace, case.queue, [each.row for each in near])
    others = tuple(
        Member(tile, each.distance, each.row == found.members[0].row)
        for tile, each in zip(read, near, strict=True)
    )
    open_ = sum(1 for each in workspace.catalogue.cases.some(case.queue, items).values() if not each.code)
    return Group(by, found.threshold, items, open_, others)
