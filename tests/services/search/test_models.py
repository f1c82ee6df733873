"""Encoders and heads of a search: the same answers from a companion process, and no torch in the one that asks."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.search import models, neighbours, queries
from qlatent.services.search.neighbours import Asked
from qlatent.store.workspace import Workspace
from tests.services.search import searched_workspace
from tests.services.search.searched_workspace import SHOP

ASKING = """
import json, sys
from qlatent.services.search import neighbours, queries
from qlatent.services.search.neighbours import Asked
from qlatent.store.workspace import Workspace
workspace, head = Workspace.open(sys.argv[1]), sys.argv[2]
found = neighbours.neighbours(workspace, "shop", queries.text("red shoe"), Asked(heads=(head,)))
print(json.dumps([[[hit.id, hit.score] for hit in space.hits] for space in found.spaces] + ["torch" in sys.modules]))
"""


@pytest.mark.slow
def test_a_process_without_torch_asks_another_one_and_stays_without_it(tmp_path: Path) -> None:
    with searched_workspace.shop(tmp_path / "workspace") as workspace:
        head = searched_workspace.keep_head(workspace, tmp_path / "head")
        run = subprocess.run(
            [sys.executable, "-c", ASKING, str(workspace.path), head],
            capture_output=True,
            text=True,
            check=True,
        )
        *spaces, torch_there = json.loads(run.stdout)
        here = neighbours.neighbours(workspace, SHOP, queries.text("red shoe"), Asked(heads=(head,)))
    assert not torch_there
    for found, space in zip(spaces, here.spaces, strict=True):
        assert [each for each, _ in found] == [hit.id for hit in space.hits]
        np.testing.assert_allclose(
            [score for _, score in found], [hit.score for hit in space.hits], atol=1e-6
        )


def test_imported_vectors_start_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "_is_here", lambda: False)
    with Workspace.open(tmp_path / "workspace") as workspace:
        assert not models.prepare(workspace, "given")
        with pytest.raises(InputError, match="were imported"):
            models.text_vector(workspace, "given", "red")
    assert models._companion.process is None


def test_an_encoder_is_opened_once_however_often_it_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, go_on = [], threading.Event()

    def ask(task: str, arguments: dict[str, str]) -> bool:
        asked.append((task, arguments["encoder"]))
        return go_on.wait(60)

    monkeypatch.setattr(models, "_is_here", lambda: False)
    monkeypatch.setattr(models._companion, "ask", ask)
    workspace = SimpleNamespace(path=Path("a workspace"))
    assert models.prepare(workspace, "some-key") and models.prepare(workspace, "some-key")  # type: ignore[arg-type]
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "opening an encoder":
            thread.join(60)
    assert not models.prepare(workspace, "some-key")  # type: ignore[arg-type]
    assert asked == [("open", "some-key")]
