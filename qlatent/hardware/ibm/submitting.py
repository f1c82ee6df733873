"""Submits one job, whatever the network does: found again by its tag, never twice.

The client repeats a POST by itself when the service answers 5xx, and the service may have created a job each time; a
lost reply leaves a job that nobody knows. So the jobs with the tag are searched before a submit and after each, also
after an error: one is kept, the others are cancelled and told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qlatent.errors import BusyError, QlatentError, UnavailableError
from qlatent.hardware.clock import Clock, Pace
from qlatent.hardware.ibm import causes
from qlatent.hardware.ibm.connection import Connection

MOST_SUBMITS, WITHIN = 5, 60.0
"""IBM accepts so many new jobs of a key within so many seconds."""

_RANK = {"completed": 0, "running": 1, "queued": 2}
_TRIES = 4  # submits of one job while the service asks for fewer requests
_SEARCHES, _PAUSE = 3, 5.0  # a job may be listed a moment after it was created
_LONGEST = 300.0  # seconds for which a submit waits at once, whatever the service asks
_PAGE = 100


@dataclass(frozen=True, slots=True)
class Kept:
    """The job that is kept, and what became of the others with its tag."""

    job: str
    cancelled: tuple[str, ...] = ()
    kept_running: tuple[str, ...] = ()


class Submitter:
    """Submits through a connection, at most five times a minute by the clock."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection, self._clock = connection, clock
        self._pace = Pace(clock, most=MOST_SUBMITS, seconds=WITHIN)

    def search(self, tag: str) -> list[dict[str, Any]]:
        """The jobs that carry a tag, oldest first."""
        client = self._connection.client
        found: list[dict[str, Any]] = []
        while True:
            page = self._connection.answer(client.jobs_get, limit=_PAGE, skip=len(found), job_tags=[tag])
            found += page["jobs"]
            if not page["jobs"] or len(found) >= page["count"]:
                break
        return sorted((job for job in found if tag in (job.get("tags") or [tag])), key=_age)

    def submit(self, post: Callable[[], str], tag: str) -> Kept:
        """The job that `post` creates, or that an earlier attempt with this tag created; `post` returns its id."""
        if found := self.search(tag):
            return self._settled(found)
        for _ in range(_TRIES):
            created, error = self._post(post)
            if found := self._found(tag, created, error):
                return self._settled(found)
            if not isinstance(error, BusyError):
                break
            self._clock.wait(min(max(error.seconds or 0.0, WITHIN / MOST_SUBMITS), _LONGEST))
        raise error or _unknown(tag)

    def _post(self, post: Callable[[], str]) -> tuple[str, QlatentError | None]:
        self._pace.await_turn()
        try:
            with self._connection.asking():
                return post(), None
        except QlatentError as err:
            return "", err

    def _found(self, tag: str, created: str, error: QlatentError | None) -> list[dict[str, Any]]:
        """The jobs with the tag. Searched again where one must or may exist that is not listed yet."""
        lost = isinstance(error, UnavailableError) and not isinstance(error, BusyError)
        for number in range(_SEARCHES):
            if number:
                self._clock.wait(_PAUSE)
            try:
                found = self.search(tag)
            except UnavailableError:
                if number + 1 < _SEARCHES:
                    continue
                if created:
                    return [{"id": created}]
                raise
            if found or not (created or lost):
                return found
        return [{"id": created}] if created else []

    def _settled(self, found: list[dict[str, Any]]) -> Kept:
        """One job kept, the one that is farthest or else oldest; the others cancelled."""
        found = sorted(
            found, key=lambda job: _RANK.get(_status(job), 3)
        )  # stable: oldest first within a rank
        cancelled: list[str] = []
        running: list[str] = []
        for job in found[1:]:
            if _status(job) in ("cancelled", "failed"):
                continue
            (cancelled if cancel(self._connection, job["id"]) else running).append(job["id"])
        return Kept(found[0]["id"], tuple(cancelled), tuple(running))


def cancel(connection: Connection, job: str) -> bool:
    """Whether a job could be cancelled; False if it had ended."""
    client = connection.client
    with connection.asking():
        try:
            client.job_cancel(job)
        except Exception as err:
            if causes.status_of(err) == 409:
                return False
            raise
    return True


def _status(job: dict[str, Any]) -> str:
    state = job.get("state") or {}
    return str(state.get("status") or job.get("status") or "queued").lower()


def _age(job: dict[str, Any]) -> tuple[str, str]:
    return str(job.get("created", "")), str(job["id"])


def _unknown(tag: str) -> QlatentError:
    return UnavailableError(
        f"IBM accepted no job, and none with the tag {tag} is found.", remedy="Submit it again later."
    )
