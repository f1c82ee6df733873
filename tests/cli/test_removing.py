"""Removing and bringing back on the command line, and stopping without a catalogue."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from qlatent.cli import main
from qlatent.services.datasets import datasets
from qlatent.services.runs import listing, queue
from qlatent.services.runs.specs import Encoding
from qlatent.services.workspaces import open_workspace
from qlatent.settings import settings
from tests.launchers import LauncherDouble


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any, str]:
    """Exit code, the JSON document on stdout, and stderr."""
    sys.argv = ["qlatent", *arguments, "--json"]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out, err = capsys.readouterr()
    return code, json.loads(out) if out.strip() else None, err


@pytest.fixture
def place(tmp_path: Path, no_workers: LauncherDouble) -> Path:
    """A workspace with the dataset `shop` and a run on it that waits."""
    source = tmp_path / "shop.csv"
    source.write_text("id,text\na,one\n", encoding="utf-8")
    with open_workspace(tmp_path / "workspace") as workspace:
        datasets.store(workspace, source)
        spec = Encoding(name="slow", dataset="shop", created=time.time(), encoder="builtin", settings={})
        queue.enqueue(workspace, spec)
    return tmp_path / "workspace"


def test_what_is_removed_is_listed_and_comes_back(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--workspace", str(place))
    code, _, err = run(capsys, "remove", "shop", *at)
    assert code == 1
    assert "in use by" in err
    assert run(capsys, "remove", "shop", "--stop", *at)[1] == {"removed": "shop", "kind": "dataset"}
    removed = run(capsys, "restore", *at)[1]["removed"]
    assert removed == [{"kind": "dataset", "id": "shop", "name": "shop"}]
    assert run(capsys, "restore", "shop", *at)[1] == {"restored": "shop", "kind": "dataset"}
    assert [each["id"] for each in run(capsys, "datasets", *at)[1]["datasets"]] == ["shop"]
    code, _, err = run(capsys, "remove", "nothing", *at)
    assert code == 1
    assert "nothing with the id 'nothing'" in err


def test_a_run_is_stopped_while_the_database_server_is_away(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_workspace(place) as workspace:
        (view,) = listing.list_runs(workspace)
        folder = workspace.run(view.id)
    monkeypatch.setenv("QLATENT_DATABASE_URL", f"postgresql+psycopg://nobody@/none?host={place}")
    settings.cache_clear()
    try:
        code, document, _ = run(capsys, "stop", view.id, "--workspace", str(place))
    finally:
        settings.cache_clear()
    assert (code, document) == (0, {"run": view.id, "state": "stopped"})
    assert folder.stop_requested()
