"""Twenty analysts at once, in four processes, on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlatent.services.triage import audit
from qlatent.store.workspace import Workspace
from tests.services.triage import analysts

COUNT = 200


@pytest.mark.slow
def test_of_twenty_analysts_none_gets_the_case_of_another_and_no_decision_is_lost(
    tmp_path: Path, url: str
) -> None:
    path = tmp_path / "made"
    with Workspace.open(path, database_url=url) as workspace:
        queue = analysts.queue(workspace, COUNT)
        notes = [tmp_path / f"notes-{number}" for number in range(4)]
        together = analysts.CONTEXT.Barrier(20)
        started = [
            analysts.process(path, url, "decide_cases", queue, f"p{number}", 5, file, together)
            for number, file in enumerate(notes)
        ]
        for each in started:
            each.join(timeout=120)
            assert each.exitcode == 0
        told = [pair for file in notes for pair in analysts.told(file)]
        events = workspace.catalogue.triage_events.of(queue, kinds=["decided"])
        assert sorted(item for item, _ in told) == [f"i{number:05}" for number in range(COUNT)]
        assert {(event.item_id, event.id) for event in events} == set(told)
        assert len({event.actor for event in events}) == 20
        assert audit.differences(workspace, queue) == []
