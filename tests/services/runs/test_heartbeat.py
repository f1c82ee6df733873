"""The heartbeat of a run: its rate, against values computed by hand, and its final status."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from qlatent.errors import StoreError
from qlatent.services.runs import heartbeat
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.store.runs.run_folder import RunFolder


class Clock:
    """Stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "r1", {})


def test_the_rate_is_measured_over_half_a_second_and_averaged_with_the_one_before(folder: RunFolder) -> None:
    clock = Clock()
    heartbeat = Heartbeat(folder, clock=clock)
    rates = []
    for now, step in [(0.0, 0), (0.4, 10), (1.0, 20), (1.4, 90), (2.0, 60)]:
        clock.now = now
        rates.append(heartbeat.update(step, 100))
    # nothing is known before 0.5 s; then 20 steps in 1 s; then 40 in the next, half as new: (20 + 40) / 2
    assert rates == [None, None, 20.0, 20.0, 30.0]
    assert heartbeat.seconds_left == pytest.approx(40 / 30)


def test_another_phase_is_said_and_measured_anew(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    clock = Clock()
    with Heartbeat(folder, clock=clock) as beating:
        beating.begin("Compiling")
        beating.update(0, 100)
        clock.now = 10.0
        assert beating.update(1, 100) == 0.1
        while folder.status().phase != "Compiling":
            pass
        beating.begin("")
        assert beating.update(1, 100) is None and beating.seconds_left is None
        clock.now = 11.0
        beating.begin("")  # the same phase goes on
        assert beating.update(21, 100) == 20.0
        beating.end("finished")
    assert folder.status().phase == ""


def test_the_remaining_time_is_unknown_without_progress(folder: RunFolder) -> None:
    clock = Clock()
    heartbeat = Heartbeat(folder, clock=clock)
    assert heartbeat.seconds_left is None
    heartbeat.update(0, 10)
    clock.now = 1.0
    assert heartbeat.update(0, 10) == 0.0
    assert heartbeat.seconds_left is None


def test_an_attempt_is_counted_and_takes_back_neither_steps_nor_more(folder: RunFolder) -> None:
    folder.write_status(
        state="failed", step=3, steps=10, error="no room", remedy="Make some.", attempt=1, rate=2.0
    )
    with Heartbeat(folder):
        status = folder.status()
    assert (status.state, status.attempt, status.step, status.steps) == ("running", 2, 3, 10)
    assert (status.error, status.remedy, status.rate) == ("", "", None)


def test_the_status_is_rewritten_without_updates(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    with Heartbeat(folder) as beating:
        beating.update(4, 10)
        until = time.monotonic() + 10
        while folder.status().step != 4 and time.monotonic() < until:
            time.sleep(0.005)
        assert (folder.status().step, folder.status().steps) == (4, 10)


def test_nothing_is_written_after_the_end(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    with Heartbeat(folder) as beating:
        beating.update(10, 10)
        beating.end("failed", error="the store is away", remedy="Wait.")
        ended = folder.status()
        beating.update(11, 10)
        time.sleep(0.05)
    assert folder.status() == ended
    assert (ended.state, ended.step, ended.error, ended.remedy) == (
        "failed",
        10,
        "the store is away",
        "Wait.",
    )
    assert ended.seconds_left is None


def test_the_last_status_waits_for_free_space_up_to_a_limit(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.0)
    clock, write, tries = Clock(), RunFolder.write_status, []

    def full(self: RunFolder, *given: Any, **changes: Any) -> Any:
        tries.append(changes["state"])
        assert len(tries) < 9, "it does not give up"
        clock.now += heartbeat.ROOM_SECONDS / 2
        if len(tries) != 2:
            raise StoreError("No room on the disk")
        return write(self, *given, **changes)

    monkeypatch.setattr(RunFolder, "write_status", full)
    Heartbeat(folder, clock=clock).end("finished")  # the second time there is room
    assert folder.status().state == "finished"
    with pytest.raises(StoreError, match="No room"):
        Heartbeat(folder, clock=clock).end("stopped")
    assert tries == ["finished"] * 2 + ["stopped"] * 3
