"""The state of a hardware job as the replay of its events, and the journal that adds to them. Torch-free.

An attempt is written, with its tag, before anything is submitted. So a job that was killed at any moment is in one of
three states: nothing was sent (no attempt), something may have been sent (an attempt without its reply: search by tag),
or it has a handle (go on with it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qlatent.hardware.work import FINAL, State
from qlatent.store.catalogue.records import JobEvent

if TYPE_CHECKING:
    from qlatent.store.catalogue.job_events import JobEvents  # with SQLAlchemy, which pages do without


@dataclass(frozen=True, slots=True)
class Charge:
    """What one attempt takes of its account: `expected` seconds until the service tells the `seconds` it used."""

    tag: str
    handle: str
    expected: float
    seconds: float | None = None

    @property
    def counted(self) -> float:
        """Seconds that a budget counts."""
        return self.expected if self.seconds is None else self.seconds


@dataclass(frozen=True, slots=True)
class JobState:
    """What is known about a job."""

    state: State = "created"
    events: int = 0  # how many there are
    attempts: int = 0
    tag: str = ""  # of the last attempt
    handle: str = ""  # of the job on the device; "" before a reply
    broker: str = ""  # folder of the process that holds a visitor's key
    cancel_asked: bool = False
    done: int = 0
    total: int = 0
    queue: int | None = None  # jobs before it on the device
    reason: str = ""
    remedy: str = ""
    needs_key: bool = False
    known: int = 0  # items that earlier jobs had measured
    expected_seconds: float = 0.0  # of the last attempt
    charges: tuple[Charge, ...] = ()  # of all attempts that were submitted
    duplicates: tuple[str, ...] = ()  # further jobs that one submit made, cancelled
    ended: float = 0.0  # unix seconds; 0 before
    seen: bool = False

    @property
    def unanswered(self) -> bool:
        """Whether an attempt was made whose reply is not known."""
        return bool(self.tag) and not self.handle

    @property
    def seconds(self) -> float:
        """Seconds that were used, as far as that is told."""
        return sum(each.seconds or 0.0 for each in self.charges)

    @property
    def unsettled(self) -> tuple[Charge, ...]:
        """The attempts that have ended, but whose use is not told."""
        ended = self.state in FINAL
        return tuple(
            each for each in self.charges if each.seconds is None and (ended or each.tag != self.tag)
        )

    @property
    def counted(self) -> float:
        """Seconds that a budget counts: what was used, and what is expected where that is not told."""
        sent = self.unanswered and self.state not in FINAL
        return sum(each.counted for each in self.charges) + (self.expected_seconds if sent else 0.0)

    @property
    def unseen(self) -> bool:
        """Whether it has ended, and nobody has looked at it since."""
        return self.state in FINAL and not self.seen


def replay(events: Iterable[JobEvent]) -> JobState:
    """The state after these events, in their order; unknown kinds change nothing."""
    state = JobState()
    for event in events:
        step = _STEPS.get(event.kind, _ignored)
        state = replace(step(state, event.payload, event.time), events=event.number)
    return state


Step = Callable[[JobState, dict[str, Any], float], JobState]


def _begun(state: JobState, told: dict[str, Any], time: float) -> JobState:
    """A worker begins: a cancelled job starts anew, everything else goes on from where it is."""
    again = replace(state, reason="", remedy="", needs_key=False, ended=0.0, seen=False)
    if state.state == "cancelled":
        return replace(again, state="created", tag="", handle="", cancel_asked=False)
    return replace(again, state="queued" if state.handle else "created")


def _created(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, total=told.get("items", 0), broker=told.get("broker", ""))


def _key(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, broker=told.get("broker", ""), needs_key=False)


def _needs_key(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, needs_key=True, reason=told.get("message", ""), remedy=told.get("remedy", ""))


def _cached(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, known=told.get("items", 0))


def _attempt(state: JobState, told: dict[str, Any], time: float) -> JobState:
    expected = told.get("seconds", 0.0)
    return replace(state, attempts=state.attempts + 1, tag=told["tag"], handle="", expected_seconds=expected)


def _submitted(state: JobState, told: dict[str, Any], time: float) -> JobState:
    others = tuple(each for each in state.charges if each.tag != state.tag)
    charge = Charge(state.tag, told["handle"], state.expected_seconds)
    return replace(state, state="queued", handle=told["handle"], charges=(*others, charge))


def _duplicate(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, duplicates=(*state.duplicates, *told.get("jobs", ())))


def _status(state: JobState, told: dict[str, Any], time: float) -> JobState:
    reached: State = told["state"]
    if reached in FINAL:  # not until its results are kept, or its end is told
        reached = "running"
    return replace(
        state, state=reached, done=told.get("done", 0), total=told.get("total", 0) or state.total,
        queue=told.get("queue"), reason="", remedy="",
    )  # fmt: skip


def _unreachable(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, reason=told.get("message", ""), remedy=told.get("remedy", ""))


def _result(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(
        _usage(state, told, time), state="done", done=told.get("items", 0), queue=None, ended=time,
        reason=told.get("note", ""), remedy="",
    )  # fmt: skip


def _usage(state: JobState, told: dict[str, Any], time: float) -> JobState:
    """What an attempt has used: the one with the tag, else the one under way."""
    seconds, tag = told.get("seconds"), told.get("tag", state.tag if state.handle else "")
    if seconds is None:
        return state
    charges = (replace(each, seconds=seconds) if each.tag == tag else each for each in state.charges)
    return replace(state, charges=tuple(charges))


def _failed(state: JobState, told: dict[str, Any], time: float) -> JobState:
    """It failed on the device, so that its handle leads nowhere any more."""
    return replace(_error(_usage(state, told, time), told, time), handle="", tag="")


def _error(state: JobState, told: dict[str, Any], time: float) -> JobState:
    """Its worker cannot go on; the job on the device may."""
    said = {"reason": told.get("message", ""), "remedy": told.get("remedy", "")}
    return replace(state, state="failed", queue=None, ended=time, **said)


def _cancel(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, cancel_asked=True)


def _cancelled(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, state="cancelled", cancel_asked=True, queue=None, ended=time, seen=True)


def _seen(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return replace(state, seen=True)


def _ignored(state: JobState, told: dict[str, Any], time: float) -> JobState:
    return state


_STEPS: dict[str, Step] = {
    "begun": _begun, "created": _created, "key": _key, "needs_key": _needs_key, "cached": _cached,
    "attempt": _attempt, "submitted": _submitted, "partial": _usage, "duplicate": _duplicate, "status": _status,
    "unreachable": _unreachable, "result": _result, "usage": _usage, "failed": _failed, "error": _error,
    "cancel": _cancel, "cancelled": _cancelled, "seen": _seen,
}  # fmt: skip


class Journal:
    """The events of one job, for a process that adds to them."""

    def __init__(self, events: JobEvents, job: str, *, now: Callable[[], float]) -> None:
        self.job, self._events, self._now = job, events, now
        self.state, self.written = JobState(), 0.0  # when this process last wrote
        self.refresh()

    def refresh(self) -> JobState:
        """The state with what other processes have written."""
        self.state = replay(self._events.of(self.job))
        return self.state

    def write(self, kind: str, **payload: Any) -> JobState:
        """Add an event after all others, and return the new state."""
        self.written = self._now()
        self._events.append(JobEvent(self.job, 0, self.written, kind, payload))
        return self.refresh()

    def write_in_turn(
        self, kind: str, wait: Callable[[list[JobEvent], float], float], *, back: float, **payload: Any
    ) -> float:
        """Add an event unless `wait` is positive, and return that: seconds, after events of its kind and at a time.

        The events are those of the last `back` seconds, of all jobs. Raises `StoreError` if somebody has written to
        this job since its state was read.
        """
        now = self._now()
        event = JobEvent(self.job, self.state.events + 1, now, kind, payload)
        seconds = self._events.append_in_turn(event, lambda there: wait(there, now), since=now - back)
        self.refresh()
        return seconds
