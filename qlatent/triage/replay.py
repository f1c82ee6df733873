"""The state of every case from the events of a queue."""

from __future__ import annotations

from collections.abc import Iterable

DECIDING = ("decided", "reopened")
Row = tuple[int, str, str, str, int | None]
"""Number of an event, kind, code, item, and number of the event that it takes back; one row for each item."""


def replay(rows: Iterable[Row]) -> dict[str, tuple[str, int]]:
    """Code and number of the deciding event of each item that has one, from the events, newest first.

    An item has the state of its last event that decided or reopened it and was not taken back. The code is "" if that
    event reopened it. From the newest back, an event comes after the one that takes it back, and the first that stands
    is the last: so only items and what was taken back are remembered, not the events.
    """
    found: dict[str, tuple[str, int]] = {}
    taken_back: set[int] = set()
    for number, kind, code, item, undoes in rows:
        if undoes is not None:
            taken_back.add(undoes)
        elif kind in DECIDING and item not in found and number not in taken_back:
            found[item] = (code, number)
    return found
