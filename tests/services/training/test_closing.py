"""The end of a run: its head is kept once, also if the process died before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qlatent
from qlatent.errors import StoreError
from qlatent.services.heads import kept_heads
from qlatent.services.training import closing
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from tests.services.made_runs import made, training
from tests.services.run_workspace import small

FINISH = {"type": "finish", "step": 16, "metrics": {}}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("closing") / "workspace", count=12) as workspace:
        yield workspace


@pytest.fixture
def workspace(stored: Workspace) -> Iterator[Workspace]:
    yield stored
    for file in stored.runs_path.glob("*/unkept"):
        file.unlink()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    items = np.random.default_rng(0).normal(size=(12, 8)).astype(np.float32)
    fitted = qlatent.create("pca", input_dim=8, qubits=2).fit({"image": items, "text": items})
    return fitted.save(tmp_path_factory.mktemp("models") / "pca", {"encoder": "given"})


def trained(workspace: Workspace, model: Path, spec: Any = None, **status: Any) -> RunFolder:
    """A run that has made its last step and whose head is still to be kept."""
    folder = workspace.run(made(workspace, spec, events=[FINISH], **status))
    for file in model.iterdir():
        (folder.model_path / file.name).write_bytes(file.read_bytes())
    closing.mark(folder)
    return folder


def kept(workspace: Workspace, folder: RunFolder) -> int:
    return sum(head.run_id == folder.id for head in workspace.catalogue.heads())


def marked(folder: RunFolder) -> bool:
    return (folder.path / "unkept").exists()


@pytest.mark.parametrize("one_of_many", [{"panel": True}, {"keep": False}])
def test_the_head_of_one_of_many_is_not_kept_by_itself(
    workspace: Workspace, model: Path, one_of_many: dict[str, Any]
) -> None:
    folder = trained(workspace, model, training(**one_of_many))
    assert not marked(folder)
    assert closing.close(workspace, folder)
    assert kept(workspace, folder) == 0


def test_a_marked_head_is_kept_once_and_the_mark_goes(workspace: Workspace, model: Path) -> None:
    folder = trained(workspace, model)
    assert marked(folder)
    assert closing.close(workspace, folder)
    assert not marked(folder)
    closing.mark(folder)
    assert closing.close(workspace, folder)  # the process died between the two
    assert kept(workspace, folder) == 1


def test_where_it_cannot_be_kept_now_the_mark_stays_and_the_log_says_why(
    workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = trained(workspace, model)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(kept_heads, "keep_run", full)
        assert not closing.close(workspace, folder)
    assert marked(folder)
    assert "No room on the disk" in capsys.readouterr().err
    assert closing.close(workspace, folder)
    assert kept(workspace, folder) == 1


def test_a_bug_while_it_is_kept_is_not_swallowed(
    workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = trained(workspace, model)

    def bug(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(kept_heads, "keep_run", bug)
    with pytest.raises(ZeroDivisionError):
        closing.close(workspace, folder)
    assert marked(folder)


@pytest.mark.parametrize(
    "status",
    [
        {"state": "failed", "error": "killed", "remedy": "Resume."},
        {"state": "running", "pid": 2**22 + 1, "process_started": 1.0},
        {"state": "stopped"},
    ],
)
def test_a_run_that_was_killed_at_its_end_has_finished(
    workspace: Workspace, model: Path, status: dict[str, Any]
) -> None:
    folder = trained(workspace, model, step=3, steps=20, **status)
    closing.close_all(workspace)
    ended = folder.status()
    assert (ended.state, ended.step, ended.steps, ended.error, ended.remedy) == ("finished", 16, 16, "", "")
    assert workspace.catalogue.run(folder.id).queue_state == "finished"
    assert kept(workspace, folder) == 1
    assert not marked(folder)


def test_runs_that_go_on_or_have_more_to_train_are_left_alone(workspace: Workspace, model: Path) -> None:
    waiting, running = trained(workspace, model), trained(workspace, model, state="running")
    half = workspace.run(made(workspace, state="stopped"))
    closing.mark(half)
    closing.close_all(workspace)
    states = [(each.status().state, marked(each), kept(workspace, each)) for each in (waiting, running, half)]
    assert states == [("queued", True, 0), ("running", True, 0), ("stopped", True, 0)]


def test_a_head_that_cannot_be_kept_stays_unchanged(
    workspace: Workspace, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StoreError("The database is away.")

    folder = trained(workspace, model, state="stopped", step=3)
    monkeypatch.setattr(kept_heads, "keep_run", away)
    closing.close_all(workspace)
    assert (folder.status().state, folder.status().step) == ("stopped", 3)
    assert marked(folder)
