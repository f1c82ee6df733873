"""The state of every case from the events of a queue."""

from __future__ import annotations

from collections.abc import Iterable

DECIDING = ("decided", "reopened")
Row = tuple[int, str, str, str, int | None]
"""Number of an event, kind, code, item, and number of the event that it takes back; one row for each item."""


def replay(rows: Iterable[Row]) -> dict[str, tuple[str, int]]:
    """Code and number of the deciding event of each item that has one, from the events in order.

    An item has the state of its last event that decided or reopened it and was not taken back. The code is "" if that
    event reopened it.
    """
    deciding: list[tuple[int, str, str]] = []
    taken_back: set[int] = set()
    for number, kind, code, item, undoes in rows:
        if kind in DECIDING:
            deciding.append((number, code, item))
        elif undoes is not None:
            taken_back.add(undoes)
    return {item: (code, number) for number, code, item in deciding if number not in taken_back}
