"""What happened in queues: events, which are only ever added; the state of every case is their replay."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, exists, func, insert, or_, select

from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import TriageEvent

_EVENTS, _ITEMS = schema.triage_events, schema.triage_event_items
_UNDOING = schema.triage_events.alias("undoing")
AT_ONCE = 5_000  # ids in one statement; databases limit how many values it may hold


class TriageEvents:
    """The events of all queues of a catalogue; they outlive queues, datasets and items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: TriageEvent, items: Collection[str] = ()) -> TriageEvent:
        """Add an event that changes no case, such as a new policy or a note; returns it with its number."""
        with self._database.writing(alone=False) as connection:
            return write(connection, event, items)

    def of(
        self, queue: str, *, kinds: Collection[str] = (), actor: str = "", since: float = 0.0
    ) -> list[TriageEvent]:
        """The events of a queue in order, or those of some kinds, of one actor, or from a time on (unix seconds)."""
        query = select(_EVENTS).where(_EVENTS.c.queue_id == queue).order_by(_EVENTS.c.id)
        if since:
            query = query.where(_EVENTS.c.time >= since)
        if kinds:
            query = query.where(_EVENTS.c.kind.in_(list(kinds)))
        if actor:
            query = query.where(_EVENTS.c.actor == actor)
        return [_event(row) for row in self._database.rows(query)]

    def last(
        self,
        queue: str,
        *,
        most: int,
        before: int | None = None,
        actor: str = "",
        kind: str = "",
        item: str = "",
    ) -> list[TriageEvent]:
        """The newest events of a queue, newest first, or those before an event, of an actor, a kind or an item."""
        query = select(_EVENTS).where(_EVENTS.c.queue_id == queue).order_by(_EVENTS.c.id.desc()).limit(most)
        if before is not None:
            query = query.where(_EVENTS.c.id < before)
        if actor:
            query = query.where(_EVENTS.c.actor == actor)
        if kind:
            query = query.where(_EVENTS.c.kind == kind)
        if item:
            query = query.where(_EVENTS.c.id.in_(select(_ITEMS.c.event_id).where(_ITEMS.c.item_id == item)))
        return [_event(row) for row in self._database.rows(query)]

    def looked_at(self, queue: str) -> list[tuple[int, str, str, bool]]:
        """Skips of a queue that stand, and decisions on cases that came at random: number, kind, item, at random.

        Those that came at random say so in their payload ("drawn"); decisions of them count also where they were taken
        back. In order.
        """
        drawn = func.coalesce(_EVENTS.c.payload["drawn"].as_boolean(), False)
        stands = ~exists().where(_UNDOING.c.undoes == _EVENTS.c.id)
        query = select(_EVENTS.c.id, _EVENTS.c.kind, _EVENTS.c.item_id, drawn).where(
            _EVENTS.c.queue_id == queue,
            or_(and_(_EVENTS.c.kind == "skipped", stands), and_(_EVENTS.c.kind == "decided", drawn)),
        )
        rows = map(tuple, self._database.rows(query.order_by(_EVENTS.c.id)))
        return [(number, kind, item, bool(random)) for number, kind, item, random in rows]

    def actors(self, queue: str) -> list[str]:
        """Who has done something in a queue, by name."""
        query = select(_EVENTS.c.actor).where(_EVENTS.c.queue_id == queue).distinct()
        return sorted(row[0] for row in self._database.rows(query))

    def undone(self, events: Collection[int]) -> dict[int, int]:
        """Those of the events that were taken back, each with the event that did it."""
        query = select(_EVENTS.c.undoes, _EVENTS.c.id).where(_EVENTS.c.undoes.in_(list(events)))
        return {row.undoes: row.id for row in self._database.rows(query)}

    def one(self, event: int) -> TriageEvent | None:
        """One event, or None."""
        rows = self._database.rows(select(_EVENTS).where(_EVENTS.c.id == event))
        return _event(rows[0]) if rows else None

    def of_item(self, queue: str, item: str) -> list[TriageEvent]:
        """The events of a queue that concern an item, in order, with those that take one of them back."""
        concerned = (
            select(_ITEMS.c.event_id)
            .join(_EVENTS, _EVENTS.c.id == _ITEMS.c.event_id)
            .where(_ITEMS.c.item_id == item, _EVENTS.c.queue_id == queue)
        )
        query = select(_EVENTS).where(_EVENTS.c.id.in_(concerned) | _EVENTS.c.undoes.in_(concerned))
        return [_event(row) for row in self._database.rows(query.order_by(_EVENTS.c.id))]

    def items(self, event: int) -> list[str]:
        """The items that an event concerns, sorted."""
        query = select(_ITEMS.c.item_id).where(_ITEMS.c.event_id == event).order_by(_ITEMS.c.item_id)
        return [row[0] for row in self._database.rows(query)]

    def last_open(self, queue: str, actor: str, kinds: Collection[str]) -> TriageEvent | None:
        """The newest event of these kinds by an actor that is not taken back, or None."""
        query = (
            standing_query(select(_EVENTS))
            .where(_EVENTS.c.queue_id == queue, _EVENTS.c.actor == actor, _EVENTS.c.kind.in_(list(kinds)))
            .order_by(_EVENTS.c.id.desc())
            .limit(1)
        )
        rows = self._database.rows(query)
        return _event(rows[0]) if rows else None

    def count(self, queue: str, actor: str, *, kind: str, since: float = 0.0) -> int:
        """How many events of a kind an actor has in a queue, from a time on (unix seconds)."""
        query = select(func.count()).where(
            _EVENTS.c.queue_id == queue,
            _EVENTS.c.actor == actor,
            _EVENTS.c.kind == kind,
            _EVENTS.c.time >= since,
        )
        return int(self._database.rows(query)[0][0])

    def taken_back(self, event: int) -> bool:
        """Whether an event was taken back."""
        return bool(self._database.rows(select(_EVENTS.c.id).where(_EVENTS.c.undoes == event)))

    def rows(self, queue: str) -> Iterator[tuple[int, str, str, str, int | None]]:
        """What a replay needs, newest first: number of the event, kind, code, item and number of the event it undoes.

        An event of several items comes once for each of them.
        """
        query = (
            select(_EVENTS.c.id, _EVENTS.c.kind, _EVENTS.c.code, _ITEMS.c.item_id, _EVENTS.c.undoes)
            .outerjoin(_ITEMS, _ITEMS.c.event_id == _EVENTS.c.id)
            .where(_EVENTS.c.queue_id == queue)
            .order_by(_EVENTS.c.id.desc())
        )
        for row in self._database.stream(query):
            number, kind, code, item, undoes = row
            yield number, kind, code, item or "", undoes


def write(connection: Connection, event: TriageEvent, items: Iterable[str]) -> TriageEvent:
    """Add an event and the items that it concerns within a transaction; returns it with its number."""
    values = asdict(event)
    del values["id"]
    number = connection.scalar(insert(_EVENTS).values(values).returning(_EVENTS.c.id))
    rows = [{"event_id": number, "item_id": item} for item in items]
    for first in range(0, len(rows), AT_ONCE):
        connection.execute(insert(_ITEMS), rows[first : first + AT_ONCE])
    return TriageEvent(**(values | {"id": number}))


def standing(connection: Connection, queue: str, event: int) -> dict[str, tuple[str, int]]:
    """For each item of an event, code and number of the last event that decided or reopened it and stands.

    Items without one are left out.
    """
    mine = _ITEMS.alias("mine")
    query = (
        select(_ITEMS.c.item_id, _EVENTS.c.id, _EVENTS.c.code, _EVENTS.c.queue_id)
        .select_from(mine)
        .join(_ITEMS, _ITEMS.c.item_id == mine.c.item_id)
        .join(_EVENTS, _EVENTS.c.id == _ITEMS.c.event_id)
        .where(mine.c.event_id == event, _EVENTS.c.kind.in_(("decided", "reopened")))
    )
    rows = connection.execute(standing_query(query).order_by(_EVENTS.c.id))
    # the queue is compared here: a database that is asked for it may read all events of the queue
    return {row.item_id: (row.code, row.id) for row in rows if row.queue_id == queue}


def standing_query(query: Select[Any]) -> Select[Any]:
    """The query, without events that were taken back."""
    return query.where(~exists().where(_UNDOING.c.undoes == _EVENTS.c.id))


def _event(row: Row[Any]) -> TriageEvent:
    return TriageEvent(**row._mapping)
