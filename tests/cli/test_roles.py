"""`qlatent roles`: what the columns of a dataset mean is shown and changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from qlatent.cli import main
from qlatent.services.datasets import datasets
from qlatent.store.workspace import Workspace
from tests.ingest.test_listings import FLAGGED, flagged, table


def run(capsys: pytest.CaptureFixture[str], workspace: Workspace, *arguments: str) -> tuple[int, Any]:
    sys.argv = ["qlatent", "roles", *arguments, "--workspace", str(workspace.path), "--json"]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_roles_are_shown_and_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        datasets.store(workspace, table(tmp_path / "shop.csv", FLAGGED, *map(flagged, range(3))))
        code, shown = run(capsys, workspace, "shop")
        assert (code, shown["dataset"], shown["roles"]["flag reason"]) == (0, "shop", "flag")
        asked = ["--set", "seller=hidden", "--set", "created=", "--set", "flag reason=category"]
        code, changed = run(capsys, workspace, "shop", *asked)
        expected = {name: role for name, role in shown["roles"].items() if name != "created"}
        assert (code, changed["roles"]) == (0, {**expected, "seller": "hidden", "flag reason": "category"})
        assert run(capsys, workspace, "shop") == (0, changed)
        for wrong in ("seller", "=flag", "seller=flags"):
            code, said = run(capsys, workspace, "shop", "--set", wrong)
            assert (code, "message" in said["error"]) == (1, True)
