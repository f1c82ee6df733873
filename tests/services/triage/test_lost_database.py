"""A database that is lost, full or read-only: nothing is said to be stored that is not, and work goes on afterwards."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest

from qlatent.errors import QlatentError
from qlatent.services.triage import audit, casework
from qlatent.store.catalogue import connection, database
from qlatent.store.workspace import Workspace
from tests.services.triage import analysts
from tests.store.conftest import small_disk  # noqa: F401 - a fixture
from tests.store.postgresql import serving


def decided(workspace: Workspace, item: str) -> int:
    return casework.decide(workspace, "q", item, code="ok", by="ann").id


@pytest.mark.slow
def test_a_server_that_stops_and_starts_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server, Workspace.open(tmp_path / "w", database_url=server.url) as workspace:
        analysts.queue(workspace, 5)
        first = decided(workspace, "i00000")
        server.stop()
        for act in (
            lambda: decided(workspace, "i00001"),
            lambda: casework.next_case(workspace, "q", by="ann"),
            lambda: casework.undo(workspace, "q", by="ann"),
        ):
            with pytest.raises(QlatentError, match="cannot be used") as caught:
                act()
            assert "running" in caught.value.remedy
        server.start()
        assert workspace.catalogue.cases.decided("q") == {"i00000": "ok"}
        second = decided(workspace, "i00001")
        server.stop()
        server.start()  # while nobody asked for anything
        monkeypatch.setattr(database, "_IDLE_SECONDS", 0.0)
        third = decided(workspace, "i00002")
        assert first < second < third and audit.differences(workspace, "q") == []


@pytest.mark.slow
def test_a_connection_that_is_cut_in_the_middle_of_a_decision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qlatent.store.catalogue import triage_cases

    with serving() as server, Workspace.open(tmp_path / "w", database_url=server.url) as workspace:
        analysts.queue(workspace, 5)
        write = triage_cases.write

        def cut(*arguments: object) -> object:
            written = write(*arguments)  # type: ignore[arg-type]
            server.stop()
            return written

        with monkeypatch.context() as patch:
            patch.setattr(triage_cases, "write", cut)
            with pytest.raises(QlatentError, match="cannot be used"):
                decided(workspace, "i00000")
        server.start()
        assert workspace.catalogue.cases.decided("q") == {}
        assert workspace.catalogue.triage_events.of("q", kinds=["decided"]) == []
        decided(workspace, "i00000")
        assert audit.differences(workspace, "q") == []


def test_a_full_disk(small_disk: Path) -> None:  # noqa: F811
    with Workspace.open(small_disk / "w") as workspace:
        analysts.queue(workspace, 500)
        decided(workspace, "i00000")
        fill = small_disk / "fill"
        subprocess.run(f"cat /dev/zero > {fill}", shell=True, stderr=subprocess.DEVNULL)
        done: list[str] = []
        with pytest.raises(QlatentError) as caught:  # some fit into the log that is there
            for number in range(1, 500):
                decided(workspace, f"i{number:05}")
                done.append(f"i{number:05}")
        assert "full" in caught.value.message or "No room" in caught.value.message
        assert caught.value.remedy
        fill.unlink()
        assert set(workspace.catalogue.cases.decided("q")) == {"i00000", *done}
        decided(workspace, f"i{len(done) + 1:05}")
        assert audit.differences(workspace, "q") == []


def test_a_database_that_somebody_keeps_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OPENING_SECONDS", 0.1)
    monkeypatch.setattr(database, "_BUSY_MILLISECONDS", 100)
    monkeypatch.setattr(connection, "_SHORT_SECONDS", 0.05)
    with Workspace.open(tmp_path / "w") as workspace:
        analysts.queue(workspace, 3)
        other = sqlite3.connect(workspace.path / "catalogue.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(QlatentError, match="locked") as caught:
            decided(workspace, "i00000")
        assert caught.value.remedy and workspace.catalogue.cases.decided("q") == {}
        other.execute("ROLLBACK")
        decided(workspace, "i00000")
        other.close()
        assert audit.differences(workspace, "q") == []
