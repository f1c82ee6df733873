"""Removing and bringing back on the command line, and stopping without a catalogue."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from qlatent.cli import main
from qlatent.services.datasets import datasets
from qlatent.services.runs import listing, queue
from qlatent.services.runs.specs import Encoding
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Ids
from qlatent.services.views import saved
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
    gone = {"removed": "shop", "kind": "dataset", "collections": 0, "views": 0}
    assert run(capsys, "remove", "shop", "--stop", *at)[1] == gone
    removed = run(capsys, "restore", *at)[1]["removed"]
    assert removed == [{"kind": "dataset", "id": "shop", "name": "shop"}]
    assert run(capsys, "restore", "shop", *at)[1] == {"restored": "shop", "kind": "dataset"}
    assert [each["id"] for each in run(capsys, "datasets", *at)[1]["datasets"]] == ["shop"]
    code, _, err = run(capsys, "remove", "nothing", *at)
    assert code == 1
    assert "nothing with the id 'nothing'" in err


def test_collections_and_views_outlive_their_dataset_and_are_counted(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at, query = ("--workspace", str(place)), {"dataset": "shop"}
    with open_workspace(place) as workspace:
        collections.create(workspace, "shop", Ids(ids=("a",)), name="All")
        first, second = (
            saved.save(workspace, "explore", query, name=name, named=[("dataset", "shop")]).id
            for name in "ab"
        )
    assert run(capsys, "remove", first, *at)[1] == {"removed": first, "kind": "view"}
    gone = run(capsys, "remove", "shop", "--stop", *at)[1]
    assert gone == {"removed": "shop", "kind": "dataset", "collections": 1, "views": 1}
    with open_workspace(place) as workspace:
        (view,), (kept,) = saved.listed(workspace, "explore"), collections.listed(workspace)
        assert view.missing == ("The dataset shop was removed and can be brought back.",)
        assert (kept.dataset, kept.count, kept.lost) == ("", 1, 1)
    run(capsys, "restore", "shop", *at)
    assert run(capsys, "restore", first, *at)[1] == {"restored": first, "kind": "view"}
    with open_workspace(place) as workspace:
        assert [each.missing for each in saved.listed(workspace, "explore")] == [(), ()]
        assert {each.id for each in saved.naming(workspace, "shop")} == {first, second}
        assert collections.listed(workspace, "shop")[0].lost == 0
    sys.argv = ["qlatent", "remove", "shop", "--stop", *at]
    with suppress(SystemExit):
        main()
    said = capsys.readouterr().out
    assert "1 collection and 2 saved views of it stay, and can be used again then." in " ".join(said.split())


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


def test_what_somebody_else_made_is_removed_only_with_yes(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at = ("--workspace", str(place))
    with open_workspace(place) as workspace:
        collections.create(workspace, "shop", Ids(ids=("a",)), name="Mine", owner="ann")
        waiting = listing.list_runs(workspace)[0]
        queue.stop(workspace, waiting.id)
    monkeypatch.setenv("QLATENT_USER", "bob")
    settings.cache_clear()
    for command in (("remove", "mine"), ("collections", "remove", "mine"), ("remove", waiting.id)):
        code, _, err = run(capsys, *command, *at)
        assert code == 1 and "you are bob" in err and "--yes" in err
    assert run(capsys, "remove", "mine", "--yes", *at)[1]["removed"] == "mine"
    settings.cache_clear()
