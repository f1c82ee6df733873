"""Who may take which case at a time, the next case of an analyst, and how many cases of a queue are where."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Update, and_, exists, false, func, or_, select, update

from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import CaseCounts

_CASES, _SKIPS = schema.triage_cases, schema.triage_skips


def taking(
    queue: str, analyst: str, *, now: float, until: float, drawn: bool, skipped: bool, waits: bool
) -> Update:
    """The statement that leases the analyst's next case until a time and returns it.

    That is the case in use, else one handed over, else the first free one: in order of the queue or, if `drawn`, of the
    draws; those that the analyst skipped only if `skipped`. Cases that somebody else is about to take or to decide are
    passed over, unless it `waits` for them.
    """
    # by its length, a code needs no index, so that the one on leases is used, or the one on draws is read in its order
    unsorted = (_CASES.c.queue_id == queue, func.length(_CASES.c.code) == 0)
    own = select(_CASES.c.item_id).where(*unsorted, _CASES.c.lease_by == analyst).order_by(_CASES.c.place)
    in_use = own.where(_CASES.c.lease == "used", _CASES.c.lease_until > now)
    handed = own.where(_CASES.c.lease == "handed")
    open_ = unsorted if drawn else (_CASES.c.queue_id == queue, _CASES.c.code == "")
    free = select(_CASES.c.item_id).where(*open_, is_takeable(analyst, now))
    if not skipped:
        free = free.where(~is_skipped(analyst))
    free = free.order_by(_CASES.c.draw if drawn else _CASES.c.place, _CASES.c.item_id)
    chosen = [
        each.limit(1).with_for_update(skip_locked=passing, of=_CASES).correlate(None).scalar_subquery()
        for each, passing in ((in_use, False), (handed, False), (free, not waits))
    ]
    return (
        update(_CASES)
        .where(_CASES.c.queue_id == queue, _CASES.c.item_id == func.coalesce(*chosen))
        .values(leased(analyst, until))
        .returning(*_CASES.c)
    )


def leased(analyst: str, until: float) -> dict[str, Any]:
    """The values of a case that an analyst has until a time."""
    return {"lease": "used", "lease_by": analyst, "lease_until": until}


def counted(database: Database, queue: str, analyst: str, *, now: float) -> CaseCounts:
    """How many cases the queue has, and where they are for this analyst at this time."""
    of_queue = _CASES.c.queue_id == queue
    by_code = database.rows(
        select(_CASES.c.gone, _CASES.c.code, func.count().label("cases"))
        .where(of_queue)
        .group_by(_CASES.c.gone, _CASES.c.code)
    )
    codes: dict[str, int] = {}
    gone = 0
    for row in by_code:
        if row.gone and not row.code:
            gone = int(row.cases)
        else:
            codes[row.code] = codes.get(row.code, 0) + int(row.cases)
    held_by = database.rows(
        select(_CASES.c.lease_by, func.count().label("cases"))
        .where(of_queue, _CASES.c.gone == false(), _CASES.c.code == "", _CASES.c.lease_by > "", ~is_free(now))
        .group_by(_CASES.c.lease_by)
    )
    held = {row.lease_by: int(row.cases) for row in held_by}
    waiting = and_(_CASES.c.code == "", is_takeable(analyst, now))
    skipped = database.rows(
        select(func.count().filter(waiting))
        .select_from(_SKIPS)
        .join(_CASES, and_(_CASES.c.queue_id == _SKIPS.c.queue_id, _CASES.c.item_id == _SKIPS.c.item_id))
        .where(_SKIPS.c.queue_id == queue, _SKIPS.c.analyst == analyst)
    )
    remaining = codes.pop("", 0)
    mine = held.pop(analyst, 0)
    return CaseCounts(remaining, mine, sum(held.values()), int(skipped[0][0]), gone, codes)


def is_free(now: float) -> ColumnElement[bool]:
    """Whether nobody has a case at this time."""
    return or_(_CASES.c.lease == "", and_(_CASES.c.lease == "used", _CASES.c.lease_until <= now))


def is_takeable(analyst: str, now: float) -> ColumnElement[bool]:
    """Whether an analyst may take a case: its item is there, and it is free, or the analyst's own and not put aside."""
    own = and_(_CASES.c.lease == "used", _CASES.c.lease_by == analyst)
    return and_(_CASES.c.gone == false(), or_(is_free(now), own))


def is_skipped(analyst: str) -> ColumnElement[bool]:
    """Whether an analyst skipped a case."""
    return exists().where(
        _SKIPS.c.queue_id == _CASES.c.queue_id,
        _SKIPS.c.item_id == _CASES.c.item_id,
        _SKIPS.c.analyst == analyst,
    )
