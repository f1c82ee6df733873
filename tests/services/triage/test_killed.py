"""Processes of analysts that are killed at random moments; `make triage-kills` kills more of them."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from qlatent.services.triage import audit, casework
from qlatent.store.workspace import Workspace
from tests.services.triage import analysts

KILLS = int(os.environ.get("QLATENT_KILLS", "20"))
LEASE = 5 * 60.0


def killed(process: ForkServerProcess, begun: Callable[[], bool], *, after: float) -> None:
    """Kill a process some time after it has begun."""
    deadline = time.monotonic() + 300
    while not begun():
        assert process.is_alive() and time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(after)
    process.kill()
    process.join()


@pytest.mark.slow
def test_what_analysts_were_told_is_stored_is_there_after_a_kill(tmp_path: Path, url: str) -> None:
    path, notes, rng = tmp_path / "made", tmp_path / "notes", random.Random(0)
    with Workspace.open(path, database_url=url) as workspace:
        queue = analysts.queue(workspace, 300 * KILLS)
        for number in range(KILLS):
            before = notes.stat().st_size if notes.exists() else 0
            process = analysts.process(path, url, "decide_cases", queue, f"p{number}", 3, notes)
            killed(
                process,
                lambda size=before: notes.exists() and notes.stat().st_size > size,
                after=rng.uniform(0, 0.1),
            )
            told = analysts.told(notes)
            stored = {
                (each.item_id, each.id)
                for each in workspace.catalogue.triage_events.of(queue, kinds=["decided"])
            }
            assert set(told) <= stored and len({item for item, _ in stored}) == len(stored)
            assert len(stored) - len(told) <= 3 * (
                number + 1
            )  # at most the one that each was about to be told
        assert audit.differences(workspace, queue) == []
        now = time.time()
        assert workspace.catalogue.cases.counts(queue, "new", now=now).others <= 3 * KILLS
        assert workspace.catalogue.cases.counts(queue, "new", now=now + LEASE).others == 0
        stored_items = set(workspace.catalogue.cases.decided(queue))
        following = casework.next_case(workspace, queue, by="new", now=now + LEASE)
        assert isinstance(following, casework.Assignment)
        assert following.item == min({f"i{n:05}" for n in range(300 * KILLS)} - stored_items)


@pytest.mark.slow
def test_a_decision_on_ten_thousand_cases_is_stored_whole_or_not_at_all(tmp_path: Path, url: str) -> None:
    path, rng = tmp_path / "made", random.Random(1)
    with Workspace.open(path, database_url=url) as workspace:
        queue = analysts.queue(workspace, 10_000)
        items = [f"i{number:05}" for number in range(10_000)]
        for number in range(max(1, KILLS // 5)):
            notes = tmp_path / f"begun-{number}"
            process = analysts.process(path, url, "decide_groups", queue, items, notes)
            killed(process, notes.exists, after=rng.uniform(0, 1.0))
            events = workspace.catalogue.triage_events.of(queue, kinds=["decided"])
            assert {len(workspace.catalogue.triage_events.items(each.id)) for each in events} <= {10_000}
            decided = workspace.catalogue.cases.decided(queue)
            assert len(decided) in (0, 10_000) and audit.differences(workspace, queue) == []
            if decided:
                assert len(casework.undo(workspace, queue, by="ann")[1]) == 10_000
