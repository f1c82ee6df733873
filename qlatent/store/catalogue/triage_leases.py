"""Who may take which case at a time, and how many cases of a queue are where."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import CaseCounts

_CASES, _SKIPS = schema.triage_cases, schema.triage_skips


def counted(database: Database, queue: str, analyst: str, *, now: float) -> CaseCounts:
    """How many cases the queue has, and where they are for this analyst at this time."""
    of_queue = _CASES.c.queue_id == queue
    by_code = database.rows(
        select(_CASES.c.code, func.count().label("cases")).where(of_queue).group_by(_CASES.c.code)
    )
    codes = {row.code: int(row.cases) for row in by_code}
    leased = database.rows(  # decided cases have no lease
        select(_CASES.c.lease_by, func.count().label("cases"))
        .where(of_queue, _CASES.c.lease_by > "", ~is_free(now))
        .group_by(_CASES.c.lease_by)
    )
    held = {row.lease_by: int(row.cases) for row in leased}
    waiting = and_(_CASES.c.code == "", is_takeable(analyst, now))
    skipped = database.rows(
        select(func.count().filter(waiting))
        .select_from(_SKIPS)
        .join(_CASES, and_(_CASES.c.queue_id == _SKIPS.c.queue_id, _CASES.c.item_id == _SKIPS.c.item_id))
        .where(_SKIPS.c.queue_id == queue, _SKIPS.c.analyst == analyst)
    )
    remaining = codes.pop("", 0)
    mine = held.pop(analyst, 0)
    return CaseCounts(
        remaining + sum(codes.values()), remaining, mine, sum(held.values()), int(skipped[0][0]), codes
    )


def is_free(now: float) -> ColumnElement[bool]:
    """Whether nobody has a case at this time."""
    return or_(_CASES.c.lease == "", and_(_CASES.c.lease == "used", _CASES.c.lease_until <= now))


def is_takeable(analyst: str, now: float) -> ColumnElement[bool]:
    """Whether an analyst may take a case: it is free, or the analyst's own and not put aside."""
    return or_(is_free(now), and_(_CASES.c.lease == "used", _CASES.c.lease_by == analyst))


def is_skipped(analyst: str) -> ColumnElement[bool]:
    """Whether an analyst skipped a case."""
    return exists().where(
        _SKIPS.c.queue_id == _CASES.c.queue_id,
        _SKIPS.c.item_id == _CASES.c.item_id,
        _SKIPS.c.analyst == analyst,
    )
