"""`qlatent heads`: the list with a broken head in it, and keeping, renaming and removing one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qlatent
from qlatent.cli import main
from qlatent.services import bin
from qlatent.services.heads import kept_heads
from qlatent.store.workspace import Workspace

WIDTH = 6


def run(capsys: pytest.CaptureFixture[str], workspace: Workspace, *arguments: str) -> tuple[int, Any]:
    """Exit code and the JSON document of `qlatent heads …`."""
    sys.argv = ["qlatent", "heads", *arguments, "--workspace", str(workspace.path), "--json"]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out = capsys.readouterr().out
    return code, json.loads(out) if out.strip() else None


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two kept heads, of which the second is broken."""
    opened = Workspace.open(tmp_path / "workspace")
    rows = np.random.default_rng(0).normal(size=(20, WIDTH))
    fitted = qlatent.create("pca", input_dim=WIDTH, qubits=2, modalities=("text",)).fit({"text": rows})
    folder = fitted.save(tmp_path / "saved", {"encoder": "given"})
    for name in ("whole", "broken"):
        kept_heads.load_upload(opened, folder, name=name)
    config = opened.heads_path / kept_heads.find(opened, "broken").id / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"card": []}))
    return opened


def test_heads_are_listed_renamed_and_removed(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    code, document = run(capsys, workspace)
    assert code == 0
    found = {row["name"]: row for row in document["heads"]}
    assert found["whole"]["broken"] == "" and found["whole"]["kind"] == "pca"
    assert (found["whole"]["encoder"], found["whole"]["origin"]) == ("given", "loaded")
    assert found["broken"]["broken"].startswith("config.json: card is a list, expected an object")

    whole, broken = found["whole"]["head"], found["broken"]["head"]
    assert run(capsys, workspace, "rename", whole, "mine")[1]["name"] == "mine"
    assert run(capsys, workspace, "remove", broken) == (0, {"head": broken, "removed": True})
    assert [row["name"] for row in run(capsys, workspace)[1]["heads"]] == ["mine"]
    assert not (workspace.heads_path / broken).exists()
    code, document = run(capsys, workspace, "remove", broken)
    assert code == 1 and "There is no head" in document["error"]["message"]
    assert run(capsys, workspace, "rename", whole, " ")[0] == 1
    assert bin.restore(workspace, broken).name == "broken"
    assert len(run(capsys, workspace)[1]["heads"]) == 2


def test_people_see_a_table(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    sys.argv = ["qlatent", "heads", "--workspace", str(workspace.path)]
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 0
    out = capsys.readouterr().out
    assert "whole" in out and "broken" in out and "config.json" in out


def test_an_option_before_the_action_is_not_lost_silently(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.argv = ["qlatent", "heads", "--workspace", str(workspace.path), "remove", "h0"]
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert "put this option after `remove`" in capsys.readouterr().err
