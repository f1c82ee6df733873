"""The cases of queues: who has which, and decisions, each stored with its event in one transaction.

Each transaction locks the cases that it changes and no others, so that analysts wait for each other only at one case.
`draw` gives each case a random number once; the open case with the smallest is one drawn at random from all open ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from qlatent.errors import AbsentError, StoreError
from qlatent.store.catalogue import schema, triage_order, triage_rows, triage_undo
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.database import count_anew
from qlatent.store.catalogue.records import CaseCounts, CaseRecord, TriageEvent
from qlatent.store.catalogue.taken import TakenError
from qlatent.store.catalogue.triage_events import standing_query, write
from qlatent.store.catalogue.triage_leases import counted, is_skipped, is_takeable, leased, taking
from qlatent.store.catalogue.triage_rows import FREE, is_case, record

_CASES, _SKIPS = schema.triage_cases, schema.triage_skips
_EVENTS, _EVENT_ITEMS = schema.triage_events, schema.triage_event_items


class TriageCases:
    """The cases of all queues of a catalogue. Times are unix seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- read ---------------------------------------------------------------------------------------------

    def one(self, queue: str, item: str) -> CaseRecord:
        """One case; an item that is not in the queue raises `AbsentError`."""
        rows = self._database.rows(select(_CASES).where(*is_case(queue, item)))
        if not rows:
            raise triage_rows.absent(queue, item)
        return record(rows[0])

    def of(self, queue: str) -> list[CaseRecord]:
        """All cases of a queue in its order."""
        query = select(_CASES).where(_CASES.c.queue_id == queue).order_by(_CASES.c.place, _CASES.c.item_id)
        return [record(row) for row in self._database.rows(query)]

    def some(self, queue: str, items: Collection[str]) -> dict[str, CaseRecord]:
        """Those of the items that are cases of the queue, by id."""
        found: dict[str, CaseRecord] = {}
        for part in triage_rows.parts(sorted(set(items))):
            query = select(_CASES).where(_CASES.c.queue_id == queue, _CASES.c.item_id.in_(part))
            found |= {row.item_id: record(row) for row in self._database.rows(query)}
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
        return [record(row) for row in self._database.rows(query.order_by(_CASES.c.place))]

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
        """Lease the analyst's next case until a time, as `taking` says; None if there is no such case."""
        with self._database.writing(alone=False) as connection:
            for waits in (
                False,
                True,
            ):  # waits only where nothing is left but what others are about to decide
                statement = taking(
                    queue, analyst, now=now, until=until, drawn=drawn, skipped=skipped, waits=waits
                )
                if (row := connection.execute(statement).first()) is not None:
                    return record(row)
        return None

    def take_item(self, queue: str, item: str, analyst: str, *, now: float, until: float) -> CaseRecord:
        """Lease one case until a time; one that cannot be decided by this analyst now is returned as it is."""
        with self._database.writing(alone=False) as connection:
            case = triage_rows.one(connection, queue, item)
            if case.code or case.gone or not _may_take(case, analyst, now):
                return case
            return _lease(connection, case, analyst, until)

    def renew(self, queue: str, item: str, analyst: str, *, until: float) -> bool:
        """Extend the lease of the case in use; False if the analyst does not have it any more."""
        has = (*is_case(queue, item), _CASES.c.code == "", _CASES.c.lease_by == analyst)
        with self._database.writing(alone=False) as connection:
            return bool(
                connection.execute(
                    update(_CASES).where(*has).values(lease_until=until, lease="used")
                ).rowcount
            )

    def pass_on(self, event: TriageEvent, *, to: str, lease: str, now: float) -> CaseRecord:
        """Hold a case (`lease` "held"), hand it to a colleague ("handed") or release it (""); stores the event."""
        with self._database.writing(alone=False) as connection:
            case = triage_rows.one(connection, event.queue_id, event.item_id)
            _check_open(connection, case, event.actor, now)
            values: dict[str, Any] = {"lease": lease, "lease_by": to if lease else "", "lease_until": None}
            connection.execute(update(_CASES).where(*is_case(case.queue_id, case.item_id)).values(values))
            write(connection, event, [event.item_id])
            return replace(case, **values)

    # --- second opinions ----------------------------------------------------------------------------------

    def take_review(
        self, queue: str, analyst: str, *, now: float, until: float, without: Collection[str] = ()
    ) -> CaseRecord | None:
        """Lease the first case in drawn order that somebody else decided and nobody has reviewed; None without one.

        Cases that were decided with one of the codes `without` are left out.
        """
        reviewed = standing_query(
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
            .order_by(_CASES.c.draw, _CASES.c.item_id)
            .limit(1)
            .with_for_update(skip_locked=True, of=_CASES)
        )  # fmt: skip
        with self._database.writing(alone=False) as connection:
            found = connection.execute(query).first()
            return None if found is None else _lease(connection, record(found), analyst, until)

    def take_first(
        self, queue: str, items: Sequence[str], analyst: str, *, now: float, until: float
    ) -> CaseRecord | None:
        """Lease the first of these items that the analyst may take, decided or not; None without one."""
        with self._database.writing(alone=False) as connection:
            cases = {each.item_id: each for each in triage_rows.some(connection, queue, items)}
            able = (cases[item] for item in items if item in cases)
            found = next((each for each in able if not each.gone and _may_take(each, analyst, now)), None)
            return None if found is None else _lease(connection, found, analyst, until)

    def review(self, event: TriageEvent, *, now: float) -> TriageEvent:
        """Store a second opinion on a case, whose state it leaves as it is."""
        with self._database.writing(alone=False) as connection:
            case = triage_rows.one(connection, event.queue_id, event.item_id)
            if not _may_take(case, event.actor, now):
                raise TakenError(case, case.lease_by)
            stored = write(connection, event, [event.item_id])
            connection.execute(update(_CASES).where(*is_case(event.queue_id, event.item_id)).values(FREE))
        return stored

    # --- decide -------------------------------------------------------------------------------------------

    def decide(self, event: TriageEvent, *, now: float) -> TriageEvent:
        """Store a decision on one case; one decided or taken by somebody else meanwhile raises `TakenError`.

        A case whose item is gone raises `AbsentError`.
        """
        with self._database.writing(alone=False) as connection:
            case = triage_rows.one(connection, event.queue_id, event.item_id)
            _check_open(connection, case, event.actor, now)
            stored = write(connection, event, [event.item_id])
            triage_rows.settle(connection, event.queue_id, [event.item_id], event.code, stored.id)
        return stored

    def decide_all(
        self, event: TriageEvent, items: Collection[str], *, now: float
    ) -> tuple[TriageEvent, list[str]]:
        """Store one decision on many cases as one event; returns it and the items that it decided.

        Cases that are decided already, that somebody else has, whose item is gone, or that are not in the queue are
        left out. If none is left, nothing is stored and `StoreError` is raised.
        """
        with self._database.writing(alone=False) as connection:
            free = [
                each.item_id
                for each in triage_rows.some(connection, event.queue_id, items)
                if not each.code and not each.gone and _may_take(each, event.actor, now)
            ]
            if not free:
                raise StoreError(
                    "None of these cases can be decided: they are decided, with somebody else, gone, or not in this "
                    "queue.",
                    remedy="Choose others.",
                )
            counted = replace(event, payload=event.payload | {"items": len(free)})
            stored = write(connection, counted, free)
            triage_rows.settle(connection, event.queue_id, free, event.code, stored.id)
        return stored, free

    def skip(self, event: TriageEvent, *, now: float, review: bool = False) -> TriageEvent:
        """Store that the actor skips a case, which stays as it is for the others; a `review` also of a decided one."""
        with self._database.writing(alone=False) as connection:
            case = triage_rows.one(connection, event.queue_id, event.item_id)
            if not review:
                _check_open(connection, case, event.actor, now)
            elif not _may_take(case, event.actor, now):
                raise TakenError(case, case.lease_by)
            stored = write(connection, event, [event.item_id])
            key = {"queue_id": event.queue_id, "item_id": event.item_id, "analyst": event.actor}
            connection.execute(
                delete(_SKIPS).where(*[_SKIPS.c[name] == value for name, value in key.items()])
            )
            connection.execute(insert(_SKIPS).values(key))
            connection.execute(update(_CASES).where(*is_case(event.queue_id, event.item_id)).values(FREE))
        return stored

    def reopen(self, event: TriageEvent) -> TriageEvent:
        """Store that a decided case is open again; one that is open raises `StoreError`."""
        with self._database.writing(alone=False) as connection:
            case = triage_rows.one(connection, event.queue_id, event.item_id)
            if not case.code:
                raise StoreError(f"The case {case.item_id!r} is open already.", remedy="Decide it.")
            stored = write(connection, event, [event.item_id])
            triage_rows.settle(connection, event.queue_id, [event.item_id], "", stored.id)
        return stored

    def undo(self, event: TriageEvent) -> list[str]:
        """Store that an event is taken back, and return its items, each in the state that the events before it say.

        An event that was taken back already raises `StoreError`.
        """
        with self._database.writing(alone=False) as connection:
            return triage_undo.undo(connection, event)

    # --- order --------------------------------------------------------------------------------------------

    def bring_forward(self, queue: str, items: Sequence[str]) -> None:
        """Put cases before all others of the queue, in the order of the items; see `triage_order.bring_forward`."""
        triage_order.bring_forward(self._database, queue, items)

    def add(self, cases: Iterable[CaseRecord], event: TriageEvent) -> None:
        """Add cases to a queue, with the event that says so."""
        with self._database.writing(alone=False) as connection:
            connection.execute(insert(_CASES), [asdict(case) for case in cases])
            count_anew(connection, _CASES.name)
            write(connection, event, ())

    def marks(self, queue: str) -> dict[str, bool]:
        """Whether the item of each case is marked as gone."""
        query = select(_CASES.c.item_id, _CASES.c.gone).where(_CASES.c.queue_id == queue)
        return {row.item_id: row.gone for row in self._database.rows(query)}

    def mark(self, queue: str, *, gone: Collection[str], back: Collection[str]) -> None:
        """Mark the cases whose items are gone, which nobody has any more, and unmark those whose items are back."""
        if not gone and not back:
            return
        with self._database.writing(alone=False) as connection:
            there = {each.item_id for each in triage_rows.some(connection, queue, {*gone, *back})}
            for items, values in ((gone, {"gone": True, **FREE}), (back, {"gone": False})):
                for part in triage_rows.parts(sorted(there.intersection(items))):
                    where = (_CASES.c.queue_id == queue, _CASES.c.item_id.in_(part))
                    connection.execute(update(_CASES).where(*where).values(values))


def _lease(connection: Connection, case: CaseRecord, analyst: str, until: float) -> CaseRecord:
    values = leased(analyst, until)
    connection.execute(update(_CASES).where(*is_case(case.queue_id, case.item_id)).values(values))
    return replace(case, **values)


def _check_open(connection: Connection, case: CaseRecord, actor: str, now: float) -> None:
    if case.code:
        by = connection.scalar(select(_EVENTS.c.actor).where(_EVENTS.c.id == case.event_id))
        raise TakenError(case, str(by))
    if case.gone:
        raise AbsentError(
            f"The item {case.item_id!r} is no longer in the dataset, so its case cannot be decided.",
            remedy="Go on with the next. If the item is imported again, the case comes back.",
        )
    if not _may_take(case, actor, now):
        raise TakenError(case, case.lease_by)


def _may_take(case: CaseRecord, analyst: str, now: float) -> bool:
    expired = case.lease == "used" and (case.lease_until or 0.0) <= now
    return case.lease_by in ("", analyst) or expired
