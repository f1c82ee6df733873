"""Queues: made from a dataset or a selection of it, listed, configured, and removed."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import AbsentError, InputError, StoreError
from qlatent.services import bin
from qlatent.services.selections import definitions, selections
from qlatent.services.selections.collections import ids_of
from qlatent.services.selections.definitions import Definition
from qlatent.services.triage import clock, orders, people, presence, withholding
from qlatent.store.catalogue.records import CaseCounts, CaseRecord, QueueRecord, TriageEvent
from qlatent.store.items.names import slugs
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy
from qlatent.triage.policy import read as read_policy

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue as lists show it, for one analyst."""

    id: str
    name: str
    dataset: str
    order: str
    policy: Policy
    owner: str
    created: float
    counts: CaseCounts
    gone: bool = False  # its dataset was removed; its cases cannot be decided, and its log stays


def create(
    workspace: Workspace,
    dataset: str,
    *,
    name: str,
    order: str,
    by: str,
    definition: Definition | None = None,
    policy: Policy | None = None,
    seed: int = 0,
    now: float | None = None,
) -> QueueView:
    """A new queue of the selected items of a dataset, or of all; nothing selected or a name in use raises `InputError`.

    `seed` draws the random cases that come between the others, and the order "random".
    """
    people.check(workspace, by, "configure")
    selections.check_present(workspace, "dataset", dataset)
    chosen = _free_name(workspace, name)
    rows = _rows(workspace, dataset, definition)
    if not len(rows):
        raise InputError("No item meets the conditions, so the queue would be empty.", remedy="Change them.")
    moment = clock.at(now)
    rules = policy if policy is not None else _latest_policy(workspace)
    key = next(each for each in slugs(chosen) if not workspace.catalogue.queues.taken(each))
    written = {} if definition is None else definitions.written(definition)
    record = QueueRecord(key, chosen, dataset, written, order, rules.document(), by, moment)
    places = orders.places(workspace, dataset, rows, order, seed=seed)
    cases = _cases(key, ids_of(workspace, dataset, rows), places, seed=seed)
    said = {"name": chosen, "dataset": dataset, "definition": written, "order": order, "seed": seed}
    payload = said | {"cases": len(cases), "policy": rules.document()}
    workspace.catalogue.queues.add(record, cases, TriageEvent(key, moment, by, "created", payload=payload))
    return view(workspace, key, analyst=by, now=moment)


def listed(workspace: Workspace, *, analyst: str, now: float | None = None) -> list[QueueView]:
    """All queues, oldest first, with their counts for an analyst."""
    moment = clock.at(now)
    return [_view(workspace, each, analyst, moment) for each in workspace.catalogue.queues.all()]


def of_dataset(workspace: Workspace, dataset: str) -> list[QueueRecord]:
    """The queues of a dataset, newest first."""
    return [each for each in reversed(workspace.catalogue.queues.all()) if each.dataset_id == dataset]


def view(workspace: Workspace, queue: str, *, analyst: str, now: float | None = None) -> QueueView:
    """One queue by its id or its only name; an unknown one raises `AbsentError`."""
    return _view(workspace, record(workspace, queue), analyst, clock.at(now))


def record(workspace: Workspace, queue: str) -> QueueRecord:
    """The record of a queue by its id or its only name; an unknown one raises `AbsentError`."""
    every = workspace.catalogue.queues.all()
    found = [each for each in every if each.id == queue] or [each for each in every if each.name == queue]
    if len(found) == 1:
        return found[0]
    if any(each.id == queue for each in bin.content(workspace, "queue")):
        raise AbsentError(
            f"The queue {queue!r} was removed.",
            remedy=f"`qlatent restore {queue}` brings it back within a day.",
        )
    named = ", ".join(each.id for each in every) or "none yet"
    raise AbsentError(f"There is no queue {queue!r}; queues are {named}.", remedy="Use the id of one.")


def policy(workspace: Workspace, queue: str) -> Policy:
    """The present policy of a queue."""
    return read_policy(workspace.catalogue.queues.one(queue).policy)


def workable(workspace: Workspace, queue: str) -> Policy:
    """The present policy of a queue whose cases can be decided; if its dataset was removed, raises `AbsentError`.

    Cases whose item is gone by now are marked.
    """
    found = workspace.catalogue.queues.one(queue)
    if not presence.is_there(workspace, found.dataset_id):
        raise AbsentError(
            f"The dataset {found.dataset_id!r} of the queue {found.name!r} was removed, so no case can be decided. "
            "Decisions and log stay.",
            remedy=f"`qlatent restore {found.dataset_id}` brings the dataset back within a day of its removal.",
        )
    presence.update(workspace, found)
    return read_policy(found.policy)


def configure(
    workspace: Workspace, queue: str, policy: Policy, *, by: str, now: float | None = None
) -> QueueView:
    """Give a queue another policy; cases that were decided keep their codes, also those it no longer has."""
    people.check(workspace, by, "configure")
    found = record(workspace, queue)
    moment = clock.at(now)
    event = TriageEvent(found.id, moment, by, "configured", payload={"policy": policy.document()})
    workspace.catalogue.queues.change(found.id, event, policy=policy.document())
    if policy.severe() != read_policy(found.policy).severe():
        withholding.settle(workspace)
    return view(workspace, found.id, analyst=by, now=moment)


def rename(workspace: Workspace, queue: str, *, name: str, by: str, now: float | None = None) -> QueueView:
    """Give a queue another name; its id stays, because links use it."""
    people.check(workspace, by, "configure")
    found = record(workspace, queue)
    moment = clock.at(now)
    if name.strip() != found.name:
        chosen = _free_name(workspace, name)
        event = TriageEvent(found.id, moment, by, "renamed", payload={"before": found.name, "name": chosen})
        workspace.catalogue.queues.change(found.id, event, name=chosen)
    return view(workspace, found.id, analyst=by, now=moment)


def reorder(
    workspace: Workspace, queue: str, *, order: str, by: str, seed: int = 0, now: float | None = None
) -> QueueView:
    """Give a queue another order, or the same one by what is known now.

    The cases are moved in short transactions, so that decisions go on meanwhile. Orders in `orders.COMPUTED` are left
    to `learning.learn`; until then the cases stay as they are.
    """
    people.check(workspace, by, "configure")
    found = record(workspace, queue)
    moment = clock.at(now)
    if order not in orders.COMPUTED:
        rows, ids = case_rows(workspace, found, workspace.catalogue.cases.of(found.id))
        places = orders.places(workspace, found.dataset_id, rows, order, seed=seed)
        ordered = [ids[row] for row in np.argsort(places, kind="stable")]
        workspace.catalogue.cases.bring_forward(found.id, ordered)
    event = TriageEvent(found.id, moment, by, "ordered", payload={"order": order, "before": found.order})
    workspace.catalogue.queues.change(found.id, event, order=order)
    return view(workspace, found.id, analyst=by, now=moment)


def case_rows(
    workspace: Workspace, queue: QueueRecord, cases: Collection[CaseRecord]
) -> tuple[NDArray[np.int64], list[str]]:
    """The rows (m,) of a queue's cases in its dataset and their ids; cases whose item is gone are left out."""
    wanted = {each.item_id for each in cases}
    ids = workspace.items.table(queue.dataset_id, columns=["id"])["id"].to_pylist()
    rows = [row for row, item in enumerate(ids) if item in wanted]
    return np.array(rows, dtype=np.int64), [ids[row] for row in rows]


def fill(workspace: Workspace, queue: str, *, by: str, seed: int = 0, now: float | None = None) -> int:
    """Add items that meet the conditions of a queue by now and are not in it, at its end; returns how many."""
    people.check(workspace, by, "configure")
    found = record(workspace, queue)
    definition = definitions.read(found.definition) if found.definition else None
    known = workspace.catalogue.cases.of(found.id)
    have = {each.item_id for each in known}
    rows = _rows(workspace, found.dataset_id, definition)
    every = ids_of(workspace, found.dataset_id, rows)
    new = [place for place, item in enumerate(every) if item not in have]
    if not new:
        return 0
    moment = clock.at(now)
    last = max((each.place for each in known), default=0.0)
    places = last + 1 + orders.places(workspace, found.dataset_id, rows[new], found.order, seed=seed)
    cases = _cases(found.id, [every[place] for place in new], places, seed=seed + len(known))
    event = TriageEvent(found.id, moment, by, "filled", payload={"cases": len(cases)})
    workspace.catalogue.cases.add(cases, event)
    return len(cases)


def remove(workspace: Workspace, queue: str, *, by: str, now: float | None = None) -> None:
    """Move a queue to the bin; `bin.restore` undoes this for a day, and its log stays for good."""
    people.check(workspace, by, "configure")
    found = record(workspace, queue)
    moment = clock.at(now)
    workspace.catalogue.triage_events.add(TriageEvent(found.id, moment, by, "removed"))
    workspace.catalogue.bin.put("queue", found.id, now=now)
    bin.empty(workspace)


def _rows(workspace: Workspace, dataset: str, definition: Definition | None) -> NDArray[np.int64]:
    if definition is None:
        return np.arange(workspace.items.count(dataset), dtype=np.int64)
    return selections.resolve(workspace, dataset, definition)


def _cases(queue: str, ids: list[str], places: NDArray[np.float64], *, seed: int) -> list[CaseRecord]:
    draws = np.random.default_rng([seed, 1]).random(len(ids))
    return [
        CaseRecord(queue, item, place, draw)
        for item, place, draw in zip(ids, places.tolist(), draws.tolist(), strict=True)
    ]


def _latest_policy(workspace: Workspace) -> Policy:
    """The policy of the newest queue, so that a project is configured once; else the default."""
    every = workspace.catalogue.queues.all()
    return read_policy(every[-1].policy) if every else Policy()


def _free_name(workspace: Workspace, name: str) -> str:
    chosen = name.strip()
    if not chosen or len(chosen) > LONGEST_NAME:
        raise InputError(f"A queue needs a name of at most {LONGEST_NAME} characters.", remedy="Give one.")
    if any(each.name == chosen for each in workspace.catalogue.queues.all()):
        raise InputError(f"There is already a queue {chosen!r}.", remedy="Choose another name.")
    return chosen


def _view(workspace: Workspace, found: QueueRecord, analyst: str, now: float) -> QueueView:
    values: dict[str, Any] = {"order": found.order, "policy": read_policy(found.policy), "owner": found.owner}
    values["gone"] = not presence.is_there(workspace, found.dataset_id)
    if not values["gone"]:
        with suppress(StoreError):  # what can be read is shown, also where nothing can be written
            presence.update(workspace, found)
    counts = workspace.catalogue.cases.counts(found.id, analyst, now=now)
    return QueueView(
        id=found.id, name=found.name, dataset=found.dataset_id, created=found.created, counts=counts, **values
    )  # fmt: skip
