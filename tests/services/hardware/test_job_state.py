"""The state of a job is the replay of its events."""

from __future__ import annotations

from typing import Any

import pytest

from qlatent.services.hardware.job_state import JobState, replay
from qlatent.store.catalogue.records import JobEvent

CREATED = ("created", {"items": 8})
ATTEMPT = ("attempt", {"tag": "t1", "seconds": 20.0})
SUBMITTED = ("submitted", {"handle": "h1"})


def after(*events: tuple[str, dict[str, Any]]) -> JobState:
    return replay(
        JobEvent("r1", number, float(number), kind, told)
        for number, (kind, told) in enumerate(events, start=1)
    )


def test_a_job_is_as_far_as_its_last_event_says() -> None:
    assert after() == JobState()
    assert after(CREATED).state == "created" and after(CREATED).total == 8
    assert after(CREATED, ATTEMPT).unanswered
    waiting = after(CREATED, ATTEMPT, SUBMITTED, ("status", {"state": "queued", "queue": 3}))
    assert (waiting.state, waiting.queue, waiting.unanswered, waiting.events) == ("queued", 3, False, 4)
    fetching = after(CREATED, ATTEMPT, SUBMITTED, ("status", {"state": "done", "done": 8}))
    assert fetching.state == "running"  # until its results are kept
    done = after(CREATED, ATTEMPT, SUBMITTED, ("result", {"items": 8, "seconds": None}))
    assert (done.state, done.seconds, done.counted, done.unseen) == ("done", 0.0, 20.0, True)
    assert [each.handle for each in done.unsettled] == ["h1"]
    assert not after(CREATED, ATTEMPT, SUBMITTED, ("result", {"items": 8}), ("seen", {})).unseen


@pytest.mark.parametrize(
    ("ending", "state", "handle", "tag"),
    [
        (("error", {"message": "no network"}), "queued", "h1", "t1"),  # the device still has it
        (("failed", {"message": "qubit 3"}), "created", "", ""),  # the device is done with it
        (("cancelled", {}), "created", "", ""),
        (("needs_key", {"message": "no key"}), "queued", "h1", "t1"),
    ],
)
def test_a_worker_that_begins_again_knows_what_to_go_on_with(
    ending: tuple[str, dict[str, Any]], state: str, handle: str, tag: str
) -> None:
    ended = after(CREATED, ("begun", {}), ATTEMPT, SUBMITTED, ending)
    again = after(CREATED, ("begun", {}), ATTEMPT, SUBMITTED, ending, ("begun", {}))
    assert (again.state, again.handle, again.tag) == (state, handle, tag)
    assert again.reason == "" and not again.cancel_asked and ended.reason == ending[1].get("message", "")


def test_what_each_attempt_has_used_is_added_up() -> None:
    """Each attempt is paid: also one that failed, and one whose use is told after the next has begun."""
    failed = after(CREATED, ATTEMPT, SUBMITTED, ("failed", {}))
    assert (failed.seconds, failed.counted) == (0.0, 20.0)  # as expected, until the service tells it
    again = [CREATED, ATTEMPT, SUBMITTED, ("failed", {}), ("begun", {})]
    again += [("attempt", {"tag": "t2", "seconds": 7.0}), ("submitted", {"handle": "h2"})]
    assert after(*again).counted == 27.0
    told = after(*again, ("usage", {"tag": "t1", "seconds": 15.0}), ("result", {"items": 8, "seconds": 5.0}))
    assert (told.seconds, told.counted, told.unsettled) == (20.0, 20.0, ())
    repeated = after(*again, ("result", {"seconds": 5.0}), ("begun", {}), ("result", {"seconds": 5.0}))
    assert (repeated.seconds, repeated.counted) == (5.0, 25.0)
    unused = after(CREATED, ATTEMPT, SUBMITTED, ("cancelled", {}), ("usage", {"tag": "t1", "seconds": 0.0}))
    assert (unused.counted, unused.unsettled) == (0.0, ())
    assert after(CREATED, ATTEMPT).counted == 20.0  # it may have arrived
    assert after(CREATED, ATTEMPT, ("error", {"message": "refused"})).counted == 0.0


def test_events_of_a_newer_version_change_nothing() -> None:
    assert after(CREATED, ("teleported", {"x": 1})).state == "created"
