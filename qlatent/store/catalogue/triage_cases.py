"""The cases of queues: who has which, and decisions, each stored with its event in one transaction.

`draw` gives each case a random number once; the open case with the smallest is one drawn at random from all open ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from qlatent.errors import AbsentError, StoreError
from qlatent.store.catalogue import schema, triage_order
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.database import count_anew
from qlatent.store.catalogue.records import CaseCounts, CaseRecord, TriageEvent
from qlatent.store.catalogue.taken import TakenError
from qlatent.store.catalogue.triage_events import AT_ONCE, standing, write
from qlatent.store.catalogue.triage_leases import counted, is_free, is_skipped, is_takeable

_CASES, _SKIPS = schema.triage_cases, schema.triage_skips
_EVENTS, _EVENT_ITEMS = schema.triage_events, schema.triage_event_items
_FREE = {"lease": "", "lease_by": "", "lease_until": None}


class TriageCases:
    """The cases of all queues of a catalogue. Times are unix seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- read ---------------------------------------------------------------------------------------------

    def one(self, queue: str, item: str) -> CaseRecord:
        """One case; an item that is not in the queue raises `AbsentError`."""
        rows = self._database.rows(select(_CASES).where(_CASES.c.queue_id == queue, _CASES.c.item_id == item))
        if not rows:
            raise _absent(queue, item)
        return _case(rows[0])

    def of(self, queue: str) -> list[CaseRecord]:
        """All cases of a queue in its order."""
        query = select(_CASES).where(_CASES.c.queue_id == queue).order_by(_CASES.c.place, _CASES.c.item_id)
        return [_case(row) for row in self._database.rows(query)]

    def some(self, queue: str, items: Collection[str]) -> dict[str, CaseRecord]:
        """Those of the items that are cases of the queue, by id."""
        found: dict[str, CaseRecord] = {}
        for part in _parts(sorted(set(items))):
            query = select(_CASES).where(_CASES.c.queue_id == queue, _CASES.c.item_id.in_(part))
            found |= {row.item_id: _case(row) for row in self._database.rows(query)}
        return found

    def decided(self, queue: str) -> dict[str, str]:
        """The code of each decided item."""
        query = select(_CASES.c.item_id, _CASES.c.code).where(_CASES.c.queue_id == queue, _CASES.c.code != "")
        return {row.item_id: row.code for row in self._database.rows(query)}

    def codes(self, queue: str) -> dict[str, str]:
        """The code of each case, "" while it is open."""
        query = select(_CASES.c.item_id, _CASES.c.code).where(_CASES.c.queue_id == queue)
        return {row.item_id: row.code for row in self._database.rows(query)}

    def count_decided(self, queue: str) -> int:
        """How many cases of a queue are decided."""
        query = select(func.count()).where(_CASES.c.queue_id == queue, _CASES.c.code != "")
        return int(self._database.rows(query)[0][0])

    def first_drawn(self, queue: str, analyst: str, *, now: float) -> str | None:
        """The free case, or own one in use, with the smallest draw of those that the analyst has not skipped."""
        query = select(_CASES.c.item_id).where(
            _CASES.c.queue_id == queue, func.length(_CASES.c.code) == 0, is_takeable(analyst, now),
            ~is_skipped(analyst),
        )  # fmt: skip
        rows = self._database.rows(query.order_by(_CASES.c.draw, _CASES.c.item_id).limit(1))
        return rows[0][0] if rows else None

    def counts(self, queue: str, analyst: str, *, now: float) -> CaseCounts:
        """How many cases the queue has, and where they are for this analyst at this time."""
        return counted(self._database, queue, analyst, now=now)

    def leased(self, queue: str, analyst: str) -> list[CaseRecord]:
        """The open cases that an analyst holds, or that were handed to the analyst."""
        # by length, no index on code is of use, so that the index on leases is read: an analyst has few
        query = select(_CASES).where(
            _CASES.c.queue_id == queue, func.length(_CASES.c.code) == 0, _CASES.c.lease_by == analyst,
            _CASES.c.lease.in_(("held", "handed")),
        )  # fmt: skip
        return [_case(row) for row in self._database.rows(query.order_by(_CASES.c.place))]

    # --- take ---------------------------------------------------------------------------------------------

    def take(
        self,
        queue: str,
        analyst: str,
        *,
        now: float,
        until: float,
        drawn: bool = False,
        skipped: bool = False,
    ) -> CaseRecord | None:
        """Lease the analyst's next case until a time: the one in use, else one handed over, else the first free one.

        `drawn` takes the free case with the smallest draw instead of the first in order, `skipped` takes those that the
        analyst skipped, too. None if there is no such case.
        """
        of_queue = _CASES.c.queue_id == queue
        own = select(_CASES).where(of_queue, _CASES.c.lease_by == analyst).order_by(_CASES.c.place)
        # by length, no index on code is of use, so that the index on draws is read in its order
        free = (
            of_queue,
            func.length(_CASES.c.code) == 0 if drawn else _CASES.c.code == "",
            is_takeable(analyst, now),
        )
        order = _CASES.c.draw if drawn else _CASES.c.place
        with self._database.writing() as connection:
            leased = [_case(row) for row in connection.execute(own)]
            found = next(
                (each for each in leased if each.lease == "used" and (each.lease_until or 0) > now), None
            )
            found = found or next((each for each in leased if each.lease == "handed"), None)
            if found is None:
                query = select(_CASES).where(*free, *([] if skipped else [~is_skipped(analyst)]))
                row = connection.execute(query.order_by(order, _CASES.c.item_id).limit(1)).first()
                found = None if row is None else _case(row)
            return None if found is None else _lease(connection, found, analyst, until)

    def take_item(self, queue: str, item: str, analyst: str, *, now: float, until: float) -> CaseRecord:
        """Lease one case until a time; a decided one, or one that somebody else has, is returned as it is."""
        with self._database.writing() as connection:
            case = _one(connection, queue, item)
            if case.code or not _may_take(case, analyst, now):
                return case
            return _lease(connection, case, analyst, until)

    def renew(self, queue: str, item: str, analyst: str, *, until: float) -> bool:
        """Extend the lease of the case in use; False if the analyst does not have it any more."""
        has = (*_is(queue, item), _CASES.c.code == "", _CASES.c.lease_by == analyst)
        with self._database.writing() as connection:
            return bool(
                connection.execute(
                    update(_CASES).where(*has).values(lease_until=until, lease="used")
                ).rowcount
            )

    def pass_on(self, event: TriageEvent, *, to: str, lease: str, now: float) -> CaseRecord:
        """Hold a case (`lease` "held"), hand it to a colleague ("handed") or release it (""); stores the event."""
        with self._database.writing() as connection:
            case = _one(connection, event.queue_id, event.item_id)
            _check_open(connection, case, event.actor, now)
            values = {"lease": lease, "lease_by": to if lease else "", "lease_until": None}
            connection.execute(update(_CASES).where(*_is(case.queue_id, case.item_id)).values(values))
            write(connection, event, [event.item_id])
            return _one(connection, event.queue_id, event.item_id)

    # --- second opinions ----------------------------------------------------------------------------------

    def take_review(
        self, queue: str, analyst: str, *, now: float, until: float, without: Collection[str] = ()
    ) -> CaseRecord | None:
        """Lease the first case in drawn order that somebody else decided and nobody has reviewed; None without one.

        Cases that were decided with one of the codes `without` are left out.
        """
        reviewed = (
            select(_EVENT_ITEMS.c.item_id)
            .join(_EVENTS, _EVENTS.c.id == _EVENT_ITEMS.c.event_id)
            .where(_EVENTS.c.queue_id == queue, _EVENTS.c.kind == "reviewed")
        )
        query = (
            select(_CASES)
            .join(_EVENTS, _EVENTS.c.id == _CASES.c.event_id)
            .where(
                _CASES.c.queue_id == queue, _CASES.c.code.not_in(["", *without]), _EVENTS.c.actor != analyst,
                _CASES.c.item_id.not_in(reviewed), is_takeable(analyst, now), ~is_skipped(analyst),
            )
        )  # fmt: skip
        with self._database.writing() as connection:
            found = connection.execute(query.order_by(_CASES.c.draw, _CASES.c.item_id).limit(1)).first()
            return None if found is None else _lease(connection, _case(found), analyst, until)

    def review(self, event: TriageEvent, *, now: float) -> TriageEvent:
        """Store a second opinion on a case, whose state it leaves as it is."""
        with self._database.writing() as connection:
            case = _one(connection, event.queue_id, event.item_id)
            if not _may_take(case, event.actor, now):
                raise TakenError(case, case.lease_by)
            stored = write(connection, event, [event.item_id])
            connection.execute(update(_CASES).where(*_is(event.queue_id, event.item_id)).values(_FREE))
        return stored

    # --- decide -------------------------------------------------------------------------------------------

    def decide(self, event: TriageEvent, *, now: float) -> TriageEvent:
        """Store a decision on one case; one decided or taken by somebody else meanwhile raises `TakenError`."""
        with self._database.writing() as connection:
            case = _one(connection, event.queue_id, event.item_id)
            _check_open(connection, case, event.actor, now)
            stored = write(connection, event, [event.item_id])
            _set(connection, event.queue_id, [event.item_id], event.code, stored.id)
        return stored

    def decide_all(
        self, event: TriageEvent, items: Collection[str], *, now: float
    ) -> tuple[TriageEvent, list[str]]:
        """Store one decision on many cases as one event; returns it and the items that it decided.

        Cases that are decided already, that somebody else has, or that are not in the queue are left out. If none is
        left, nothing is stored and `StoreError` is raised.
        """
        with self._database.writing() as connection:
            free = []
            for part in _parts(sorted(set(items))):
                query = select(_CASES.c.item_id, _CASES.c.code).where(
                    _CASES.c.queue_id == event.queue_id, _CASES.c.item_id.in_(part),
                    or_(is_free(now), _CASES.c.lease_by == event.actor),
                )  # fmt: skip
                free += [row.item_id for row in connection.execute(query) if not row.code]
            if not free:
                raise StoreError(
                    "None of these cases can be decided: they are decided, with somebody else, or not in this queue.",
                    remedy="Choose others.",
                )
            counted = replace(event, payload=event.payload | {"items": len(free)})
            stored = write(connection, counted, free)
            _set(connection, event.queue_id, free, event.code, stored.id)
        return stored, free

    def skip(self, event: TriageEvent, *, now: float, review: bool = False) -> TriageEvent:
        """Store that the actor skips a case, which stays as it is for the others; a `review` also of a decided one."""
        with self._database.writing() as connection:
            case = _one(connection, event.queue_id, event.item_id)
            if not review:
                _check_open(connection, case, event.actor, now)
            stored = write(connection, event, [event.item_id])
            key = {"queue_id": event.queue_id, "item_id": event.item_id, "analyst": event.actor}
            connection.execute(
                delete(_SKIPS).where(*[_SKIPS.c[name] == value for name, value in key.items()])
            )
            connection.execute(insert(_SKIPS).values(key))
            connection.execute(update(_CASES).where(*_is(event.queue_id, event.item_id)).values(_FREE))
        return stored

    def reopen(self, event: TriageEvent) -> TriageEvent:
        """Store that a decided case is open again; one that is open raises `StoreError`."""
        with self._database.writing() as connection:
            case = _one(connection, event.queue_id, event.item_id)
            if not case.code:
                raise StoreError(f"The case {case.item_id!r} is open already.", remedy="Decide it.")
            stored = write(connection, event, [event.item_id])
            _set(connection, event.queue_id, [event.item_id], "", stored.id)
        return stored

    def undo(self, event: TriageEvent) -> list[str]:
        """Store that an event is taken back, and return its items, each in the state that the events before it say.

        An event that was taken back already raises `StoreError`.
        """
        with self._database.writing() as connection:
            taken = select(_EVENTS.c.id).where(_EVENTS.c.undoes == event.undoes)
            if connection.execute(taken).first() is not None:
                raise StoreError("This was undone already.", remedy="Look at the log of the queue.")
            undone = connection.execute(select(_EVENTS).where(_EVENTS.c.id == event.undoes)).one()
            write(connection, event, ())
            items = list(
                connection.scalars(
                    select(_EVENT_ITEMS.c.item_id).where(_EVENT_ITEMS.c.event_id == event.undoes)
                )
            )
            if undone.kind == "skipped":
                connection.execute(
                    delete(_SKIPS).where(
                        _SKIPS.c.queue_id == event.queue_id, _SKIPS.c.analyst == undone.actor,
                        _SKIPS.c.item_id.in_(items),
                    )
                )  # fmt: skip
                return items
            if undone.kind in ("held", "handed"):
                connection.execute(update(_CASES).where(*_is(event.queue_id, undone.item_id)).values(_FREE))
                return items
            assert event.undoes is not None
            before = standing(connection, event.queue_id, event.undoes)
            by_state: dict[tuple[str, int | None], list[str]] = {}
            for item in items:
                by_state.setdefault(before.get(item, ("", None)), []).append(item)
            for (code, number), part in by_state.items():
                _set(connection, event.queue_id, part, code, number)
        return items

    # --- order --------------------------------------------------------------------------------------------

    def bring_forward(self, queue: str, items: Sequence[str]) -> None:
        """Put cases before all others of the queue, in the order of the items; see `triage_order.bring_forward`."""
        triage_order.bring_forward(self._database, queue, items)

    def add(self, cases: Iterable[CaseRecord], event: TriageEvent) -> None:
        """Add cases to a queue, with the event that says so."""
        with self._database.writing() as connection:
            connection.execute(insert(_CASES), [asdict(case) for case in cases])
            count_anew(connection, _CASES.name)
            write(connection, event, ())


def _lease(connection: Connection, case: CaseRecord, analyst: str, until: float) -> CaseRecord:
    values: dict[str, Any] = {"lease": "used", "lease_by": analyst, "lease_until": until}
    connection.execute(update(_CASES).where(*_is(case.queue_id, case.item_id)).values(values))
    return CaseRecord(**(asdict(case) | values))


def _check_open(connection: Connection, case: CaseRecord, actor: str, now: float) -> None:
    if case.code:
        by = connection.scalar(select(_EVENTS.c.actor).where(_EVENTS.c.id == case.event_id))
        raise TakenError(case, str(by))
    if not _may_take(case, actor, now):
        raise TakenError(case, case.lease_by)


def _may_take(case: CaseRecord, analyst: str, now: float) -> bool:
    expired = case.lease == "used" and (case.lease_until or 0.0) <= now
    return case.lease_by in ("", analyst) or expired


def _set(connection: Connection, queue: str, items: list[str], code: str, event: int | None) -> None:
    """Set the state of cases, and release them."""
    values = {"code": code, "event_id": event, **_FREE}
    for part in _parts(items):
        connection.execute(
            update(_CASES).where(_CASES.c.queue_id == queue, _CASES.c.item_id.in_(part)).values(values)
        )


def _one(connection: Connection, queue: str, item: str) -> CaseRecord:
    row = connection.execute(select(_CASES).where(*_is(queue, item))).first()
    if row is None:
        raise _absent(queue, item)
    return _case(row)


def _is(queue: str, item: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _CASES.c.queue_id == queue, _CASES.c.item_id == item


def _parts(items: list[str]) -> list[list[str]]:
    return [items[first : first + AT_ONCE] for first in range(0, len(items), AT_ONCE)]


def _case(row: Row[Any]) -> CaseRecord:
    return CaseRecord(*tuple(row))  # their fields have the order of the columns


def _absent(queue: str, item: str) -> AbsentError:
    return AbsentError(f"The queue {queue!r} has no case {item!r}.", remedy="Choose a case of this queue.")
