"""The order of the cases of a queue, changed in short transactions while analysts decide."""

from __future__ import annotations

import time
from collections.abc import Sequence
from operator import itemgetter

from sqlalchemy import bindparam, func, select, update

from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database

AT_ONCE = 1_000
"""Cases of one transaction, some hundredths of a second: so long a decision may have to wait."""

_CASES = schema.triage_cases


def bring_forward(database: Database, queue: str, items: Sequence[str]) -> None:
    """Put cases before all others of the queue, in the order of the items, the first ones first.

    At any moment the cases that come next are in the new order, and those not yet moved follow as they were. Between
    two transactions there is a pause as long as the last one, since SQLite lets none go first who waits. After an error
    the cases moved so far keep their new places.
    """
    first = database.rows(select(func.min(_CASES.c.place)).where(_CASES.c.queue_id == queue))[0][0]
    start = float(first or 0.0) - len(items)
    moved = update(_CASES).where(_CASES.c.queue_id == queue, _CASES.c.item_id == bindparam("item"))
    statement = moved.values(place=bindparam("to"))
    for begin in range(0, len(items), AT_ONCE):
        part = items[begin : begin + AT_ONCE]
        rows = [{"item": item, "to": start + begin + number} for number, item in enumerate(part)]
        with database.writing(alone=False) as connection:
            begun = time.monotonic()
            connection.execute(statement, sorted(rows, key=itemgetter("item")))  # the order of locks
        if begin + AT_ONCE < len(items):
            time.sleep(time.monotonic() - begun)
