"""What to look at before one decision on many cases: their borders, a random part, and the ones least like the rest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.services.selections.columns import rows_of
from qlatent.services.selections.definitions import Definition
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.triage.examples import examples

SHOWN = 6
"""Items of each kind in a preview."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A group before it is decided: what could be decided now, and examples to look at, as item ids.

    `boundary` are the ones nearest to an item outside the group, `different` the ones farthest from its mean; both are
    empty without vectors. `random` is drawn from the others.
    """

    open: tuple[str, ...]
    decided: dict[str, int]  # cases by code
    others: int  # open, and with somebody else
    outside: int  # items that are not in the queue
    boundary: tuple[str, ...]
    random: tuple[str, ...]
    different: tuple[str, ...]


def preview(
    workspace: Workspace, queue: str, items: Collection[str], *, by: str, seed: int, now: float
) -> Preview:
    """The preview of a group of items for an analyst; `seed` draws the random examples."""
    record = workspace.catalogue.queues.one(queue)
    wanted = set(items)
    open_, codes, others, known = [], dict[str, int](), 0, 0
    for case in workspace.catalogue.cases.of(queue):
        if case.item_id not in wanted:
            continue
        known += 1
        expired = case.lease == "used" and (case.lease_until or 0.0) <= now
        if case.code:
            codes[case.code] = codes.get(case.code, 0) + 1
        elif case.lease_by in ("", by) or expired:
            open_.append(case.item_id)
        else:
            others += 1
    boundary, random, different = _examples(workspace, record.dataset_id, open_, seed=seed)
    return Preview(tuple(open_), codes, others, len(wanted) - known, boundary, random, different)


def how(definition: Definition | None) -> str:
    """How a group was chosen: lasso, cluster, collection, ids, column, search, or set for several of them."""
    return definition.kind if definition is not None else ""


def _examples(
    workspace: Workspace, dataset: str, items: list[str], *, seed: int
) -> tuple[tuple[str, ...], ...]:
    rows, _ = rows_of(workspace, dataset, items)
    vectors = _vectors(workspace, dataset)
    ids: list[str] = workspace.items.table(dataset, columns=["id"])["id"].to_pylist()
    found = examples(vectors, rows, count=SHOWN, rng=np.random.default_rng(seed))
    return tuple(tuple(ids[row] for row in part) for part in found)


def _vectors(workspace: Workspace, dataset: str) -> NDArray[np.float32] | None:
    """The vectors (rows, d) of the encoder and modality that most items have; None without any."""
    have = [each for each in workspace.items.encoders(dataset) if each["encoded"]]
    if not have:
        return None
    most = max(have, key=lambda each: each["encoded"])
    return stored.mapped(workspace, dataset, most["key"], most["modality"])
