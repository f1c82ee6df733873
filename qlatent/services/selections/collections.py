"""Named collections: selections that are kept, changed by hand, combined, and removed.

A collection keeps ids of items of one dataset. Later imports change nothing about it, and ids that vanish from the
dataset stay in it and are counted.
"""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from qlatent.actors import own_name
from qlatent.errors import AbsentError, InputError
from qlatent.services import bin
from qlatent.services.selections.columns import rows_of
from qlatent.services.selections.definitions import Definition, Kept
from qlatent.services.selections.selections import check_present, resolve
from qlatent.store.catalogue.records import Change, CollectionChange, CollectionRecord
from qlatent.store.items.names import slugs
from qlatent.store.workspace import Workspace

LONGEST_NAME = 200
SETS: dict[str, Callable[[set[str], set[str]], set[str]]] = {
    "union": operator.or_, "intersection": operator.and_, "difference": operator.sub,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CollectionView:
    """A collection as lists show it."""

    id: str
    name: str
    dataset: str  # "" while its dataset is removed
    created: float
    changed: float
    count: int  # ids that it keeps
    lost: int  # of them, those that are not in the dataset at present; all while it is removed
    owner: str = ""  # who made it; "" before there were names


# --- make, list, find -------------------------------------------------------------------------------------


def create(
    workspace: Workspace,
    dataset: str,
    definition: Definition,
    *,
    name: str,
    now: float | None = None,
    owner: str = "",
) -> CollectionView:
    """Keep what is selected at present under a name; nothing selected, or a name in use, raises `InputError`.

    `owner` is who made it, by default `own_name()`.
    """
    rows = resolve(workspace, dataset, definition)
    if not len(rows):
        raise InputError(
            "Nothing is selected, so there is nothing to keep.", remedy="Select at least one item."
        )
    return _made(workspace, dataset, ids_of(workspace, dataset, rows), name=name, now=now, owner=owner)


def combine(
    workspace: Workspace,
    collections: Sequence[str],
    *,
    how: str,
    name: str,
    now: float | None = None,
    owner: str = "",
) -> CollectionView:
    """A new collection from others of one dataset: their union, intersection, or the first without the others.

    Ids that have vanished from the dataset are combined like the others. An unknown `how` or collections of several
    datasets raise `InputError`.
    """
    if how not in SETS:
        raise InputError(f"Collections have no {how!r}.", remedy=f"Use {', '.join(SETS)}.")
    found = [record(workspace, each) for each in collections]
    datasets = {each.dataset_id for each in found}
    if len(datasets) != 1 or None in datasets:
        said = ", ".join(f"{each.name!r} of {each.dataset_id or 'a removed dataset'}" for each in found)
        raise InputError(
            f"Collections of one dataset can be combined; got {said or 'none'}.", remedy="Choose others."
        )
    ids = reduce(SETS[how], [set(workspace.catalogue.collections.ids(each.id)) for each in found])
    return _made(workspace, str(found[0].dataset_id), sorted(ids), name=name, now=now, owner=owner)


def listed(workspace: Workspace, dataset: str | None = None) -> list[CollectionView]:
    """All collections, or those of one dataset, oldest first."""
    records = workspace.catalogue.collections.all()
    return _views(workspace, [each for each in records if dataset in (None, each.dataset_id)])


def view(workspace: Workspace, collection: str) -> CollectionView:
    """One collection by its id or its only name; an unknown one raises `AbsentError`."""
    return _views(workspace, [record(workspace, collection)])[0]


def record(workspace: Workspace, collection: str) -> CollectionRecord:
    """The record of a collection by its id or its only name."""
    every = workspace.catalogue.collections.all()
    found = [each for each in every if each.id == collection]
    found = found or [each for each in every if each.name == collection]
    if len(found) == 1:
        return found[0]
    check_present(workspace, "collection", collection)
    raise AbsentError(
        f"{len(found)} collections are called {collection!r}: {', '.join(each.id for each in found)}.",
        remedy="Use the id.",
    )


# --- what is in it ----------------------------------------------------------------------------------------


def selected(workspace: Workspace, dataset: str, kept: Kept) -> NDArray[np.int64]:
    """The rows of a collection, for `selections.resolve`; one of another dataset raises `InputError`."""
    found = record(workspace, kept.collection)
    if found.dataset_id != dataset:
        raise InputError(
            f"The collection {found.name!r} is of the dataset {found.dataset_id!r}, not of {dataset!r}.",
            remedy="Choose a collection of this dataset.",
        )
    return rows_of(workspace, dataset, workspace.catalogue.collections.ids(found.id))[0]


def ids_of(workspace: Workspace, dataset: str, rows: NDArray[np.int64]) -> list[str]:
    """The ids of the items in these rows."""
    ids: list[str] = workspace.items.table(dataset, columns=["id"])["id"].take(rows).to_pylist()
    return ids


def vanished(workspace: Workspace, collection: str) -> list[str]:
    """The ids of a collection that are not in its dataset at present; all of them while it is removed."""
    found = record(workspace, collection)
    ids = workspace.catalogue.collections.ids(found.id)
    present = _present_ids(workspace, found.dataset_id)
    return [each for each in ids if each not in present]


# --- change it --------------------------------------------------------------------------------------------


def add(
    workspace: Workspace, collection: str, definition: Definition, *, now: float | None = None
) -> CollectionChange:
    """Add what is selected at present; returns what was changed."""
    return _changed(workspace, collection, definition, adds=True, now=now)


def take_out(
    workspace: Workspace, collection: str, definition: Definition, *, now: float | None = None
) -> CollectionChange:
    """Take out what is selected at present; returns what was changed."""
    return _changed(workspace, collection, definition, adds=False, now=now)


def rename(workspace: Workspace, collection: str, *, name: str, now: float | None = None) -> CollectionView:
    """Rename a collection; its id stays, because links use it. A name in use raises `InputError`."""
    found = record(workspace, collection)
    if found.name != name.strip():
        chosen = _free_name(workspace, name, found.dataset_id)
        workspace.catalogue.collections.change(found.id, Change(_time(now), name=chosen))
    return view(workspace, found.id)


def undo(workspace: Workspace, collection: str, *, now: float | None = None) -> CollectionChange:
    """Undo the last change of a collection, and return it; the next call undoes the one before it."""
    return workspace.catalogue.collections.undo(record(workspace, collection).id, now=_time(now))


def history(workspace: Workspace, collection: str) -> list[CollectionChange]:
    """The last changes of a collection, newest first."""
    return workspace.catalogue.collections.changes(record(workspace, collection).id)


def remove(workspace: Workspace, collection: str, *, now: float | None = None) -> None:
    """Move a collection to the bin; `bin.restore` undoes this for a day."""
    workspace.catalogue.bin.put("collection", record(workspace, collection).id, now=now)
    bin.empty(workspace)


def _changed(
    workspace: Workspace, collection: str, definition: Definition, *, adds: bool, now: float | None
) -> CollectionChange:
    found = record(workspace, collection)
    if found.dataset_id is None:
        raise AbsentError(
            f"The dataset of the collection {found.name!r} was removed.",
            remedy="Restore it with `qlatent restore` within a day.",
        )
    rows = resolve(workspace, found.dataset_id, definition)
    ids = ids_of(workspace, found.dataset_id, rows)
    version = workspace.items.version(found.dataset_id)
    change = Change(_time(now), **{"add" if adds else "take": ids}, version=version)  # type: ignore[arg-type]
    return workspace.catalogue.collections.change(found.id, change)


def _made(
    workspace: Workspace, dataset: str, ids: list[str], *, name: str, now: float | None, owner: str
) -> CollectionView:
    chosen, moment = _free_name(workspace, name, dataset), _time(now)
    key = next(each for each in slugs(chosen) if not workspace.catalogue.collections.taken(each))
    version = workspace.items.version(dataset)
    made = CollectionRecord(key, chosen, dataset, version, moment, moment, owner=owner or own_name())
    return _views(workspace, [workspace.catalogue.collections.add(made, ids)])[0]


def _free_name(workspace: Workspace, name: str, dataset: str | None) -> str:
    chosen = " ".join(name.split())
    if not 0 < len(chosen) <= LONGEST_NAME:
        raise InputError(
            f"A collection needs a name of at most {LONGEST_NAME} characters; got {len(chosen)}.",
            remedy="Give another name.",
        )
    same = [each for each in workspace.catalogue.collections.all() if each.dataset_id == dataset]
    if any(each.name == chosen for each in same):
        raise InputError(
            f"There is a collection {chosen!r} of this dataset already.",
            remedy="Add to it, or give another name.",
        )
    return chosen


def _views(workspace: Workspace, records: Sequence[CollectionRecord]) -> list[CollectionView]:
    """The records with their lost ids; the ids of each dataset are read once."""
    datasets = {each.dataset_id for each in records}
    present = {dataset: _present_ids(workspace, dataset) for dataset in datasets}
    return [
        CollectionView(
            id=each.id, name=each.name, dataset=each.dataset_id or "", created=each.created,
            changed=each.changed, count=each.count, owner=each.owner,
            lost=sum(key not in present[each.dataset_id] for key in workspace.catalogue.collections.ids(each.id)),
        )
        for each in records
    ]  # fmt: skip


def _present_ids(workspace: Workspace, dataset: str | None) -> frozenset[str]:
    if dataset is None or not workspace.items.has(dataset):
        return frozenset()
    return frozenset(workspace.items.table(dataset, columns=["id"])["id"].to_pylist())


def _time(now: float | None) -> float:
    return time.time() if now is None else now
