"""When the next job of an account may be submitted: IBM takes five new ones in a minute, from all processes together.

A job of several parts submits five of them at once and the others a minute later. Torch-free.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qlatent.hardware.ibm.submitting import MOST_SUBMITS, WITHIN
from qlatent.store.catalogue.records import JobEvent

SPACE = WITHIN + 5.0
"""Seconds in which five jobs leave; an attempt is written some seconds before its job does."""
LONGEST = 3600.0
"""How far back the attempts are read: the parts of one job leave within an hour."""


def wait(attempts: Iterable[JobEvent], account: str, parts: int, *, now: float) -> float:
    """Seconds until a job of so many parts may be submitted for an account (fingerprint), after these attempts."""
    made = [
        time
        for each in attempts
        if each.payload.get("account") == account
        for time in _times(each.time, int(each.payload.get("estimate", {}).get("parts") or 1))
        if time > now - SPACE
    ]
    moments = sorted({now, *(time + SPACE for time in made)})
    fitting = (each for each in moments if _fits(sorted([*made, *_times(each, parts)])))
    return next(fitting, moments[-1]) - now


def _times(begin: float, parts: int) -> list[float]:
    return [begin + SPACE * (number // MOST_SUBMITS) for number in range(parts)]


def _fits(times: Sequence[float]) -> bool:
    """Whether no `SPACE` has more than five of these times, which ascend."""
    pairs = zip(times, times[MOST_SUBMITS:], strict=False)
    return all(later - earlier > SPACE - 1e-6 for earlier, later in pairs)
