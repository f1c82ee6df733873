"""Removing things in use, restoring removed things, and heads that outlive their datasets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent import worker
from qlatent.errors import InputError, RunError, StoreError
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.experiments import experiments
from qlatent.services.experiments.grid import Grid
from qlatent.services.heads import kept_heads
from qlatent.services.runs import listing, queue
from qlatent.services.runs.specs import Encoding
from qlatent.services.training import closing
from qlatent.services.training.execution import Recorder
from qlatent.services.training.start import start_training
from qlatent.services.vectors import encoding
from qlatent.services.vectors.encoding_run import EncodingRequest, start_encoding
from qlatent.services.workspaces import tend
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.ingest.builders import png
from tests.launchers import LauncherDouble
from tests.services.run_workspace import add, request, small

DAY = bin.DAY


@pytest.fixture
def workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_workers: LauncherDouble
) -> Iterator[Workspace]:
    """One dataset; runs are queued, and carried out on request of a test."""
    monkeypatch.setattr(worker.signal, "signal", lambda *ignored: None)
    with small(tmp_path / "workspace") as opened:
        yield opened


def trained(workspace: Workspace, **changes: Any) -> str:
    run_id = start_training(workspace, request(**changes))
    assert worker.work(workspace, workspace.run(run_id)) == "finished"
    return run_id


def purged(workspace: Workspace) -> None:
    """Simulate that a day has passed."""
    bin.empty(workspace, now=time.time() + DAY + 1)


# --- in use -----------------------------------------------------------------------------------------------


def test_a_dataset_in_use_is_not_removed_and_its_runs_are_named(workspace: Workspace) -> None:
    run_id = start_training(workspace, request())
    with pytest.raises(StoreError, match=f"'pairs' is in use by {run_id} .*it was not removed") as caught:
        datasets.remove(workspace, "pairs")
    assert "Wait until they end" in caught.value.remedy
    assert [run.id for run in datasets.used_by(workspace, "pairs")] == [run_id]
    assert worker.work(workspace, workspace.run(run_id)) == "finished"
    assert datasets.used_by(workspace, "pairs") == []
    datasets.remove(workspace, "pairs")
    assert datasets.list_datasets(workspace) == []
    (head,) = kept_heads.list_heads(workspace)
    assert head.run_id == run_id
    assert head.dataset_id is None  # it is in no list


def test_runs_that_use_a_dataset_are_stopped_on_request(workspace: Workspace) -> None:
    first, second = (start_training(workspace, request()) for _ in range(2))
    for run_id in (first, second):
        workspace.run(run_id).write_status(state="queued")
        workspace.catalogue.set_queue_state(run_id, "queued")
    datasets.remove(workspace, "pairs", stop=True)
    assert {run.state for run in listing.list_runs(workspace)} == {"stopped"}
    assert datasets.list_datasets(workspace) == []


def test_no_run_can_start_between_the_check_and_the_removal(workspace: Workspace) -> None:
    spec = Encoding(name="late", dataset="pairs", created=time.time(), encoder="builtin", settings={})
    datasets.remove(workspace, "pairs")
    with pytest.raises(StoreError, match="There is no dataset 'pairs'"):
        queue.enqueue(workspace, spec)
    assert list(workspace.runs_path.iterdir()) == []


def test_a_dataset_that_is_being_added_to_is_not_removed(workspace: Workspace) -> None:
    with workspace.holding("pairs"), pytest.raises(StoreError, match="the dataset 'pairs' is being written"):
        datasets.remove(workspace, "pairs")
    assert [each.id for each in datasets.list_datasets(workspace)] == ["pairs"]


# --- a finished training keeps its head -------------------------------------------------------------------


def gone_at_the_end(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dataset is deleted before the last step is written, as older versions did."""
    finish = Recorder._finish

    def vanished(self: Recorder, event: Any) -> None:
        workspace.catalogue.remove_dataset("pairs")
        workspace.items.remove("pairs")
        finish(self, event)

    monkeypatch.setattr(Recorder, "_finish", vanished)


def test_a_training_whose_dataset_has_gone_keeps_its_head(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone_at_the_end(workspace, monkeypatch)
    run_id = trained(workspace)
    (head,) = kept_heads.list_heads(workspace)
    assert (head.run_id, head.dataset_id) == (run_id, None)
    assert kept_heads.transform(workspace, head.id, {"image": np.ones((2, 8)), "text": np.ones((2, 8))})


def test_a_head_that_the_catalogue_could_not_take_is_kept_when_the_workspace_opens(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise StoreError("the catalogue is away")

    with monkeypatch.context() as patch:
        patch.setattr(workspace.catalogue, "add_head", away)
        run_id = trained(workspace)
    assert kept_heads.list_heads(workspace) == []
    assert list(workspace.heads_path.iterdir()) == []
    tend(workspace)
    assert [head.run_id for head in kept_heads.list_heads(workspace)] == [run_id]
    kept_heads.remove(workspace, kept_heads.list_heads(workspace)[0].id)
    tend(workspace)  # what somebody removed is not kept again
    assert kept_heads.list_heads(workspace) == []


def test_a_run_killed_after_its_last_step_has_finished(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise SystemExit

    run_id = start_training(workspace, request())
    folder = workspace.run(run_id)
    with monkeypatch.context() as patch:
        patch.setattr(closing, "close", killed)
        with pytest.raises(SystemExit):
            worker.work(workspace, folder)
    folder.write_status(pid=2**22 + 1)
    assert folder.status().state == "interrupted"
    tend(workspace)
    status = folder.status()
    assert (status.state, status.step, status.steps) == ("finished", 16, 16)
    assert [head.run_id for head in kept_heads.list_heads(workspace)] == [run_id]


# --- resume destroys nothing ------------------------------------------------------------------------------


def files(folder: Path) -> dict[str, bytes]:
    kept = [p for p in folder.rglob("*") if p.is_file() and p.name not in ("status.json", "log.txt")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


def test_resume_of_a_run_that_failed_after_its_last_step_trains_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = trained(workspace)
    folder = workspace.run(run_id)
    before = files(folder.path)
    folder.write_status(state="failed", error="as an older version left it")
    datasets.remove(workspace, "pairs")
    queue.resume(workspace, run_id)
    assert worker.work(workspace, folder) == "finished"
    assert files(folder.path) == before
    assert (folder.status().step, folder.status().steps) == (16, 16)


def test_resume_without_the_dataset_is_refused_and_changes_nothing(workspace: Workspace) -> None:
    run_id = start_training(workspace, request())
    folder = workspace.run(run_id)
    folder.write_status(state="stopped", step=7, steps=16)
    before = files(folder.path) | {"status": (folder.path / "status.json").read_bytes()}
    datasets.remove(workspace, "pairs")
    with pytest.raises(RunError, match="cannot resume: its dataset 'pairs' was removed") as caught:
        queue.resume(workspace, run_id)
    assert "qlatent restore pairs" in caught.value.remedy
    assert files(folder.path) | {"status": (folder.path / "status.json").read_bytes()} == before
    bin.restore(workspace, "pairs")
    queue.resume(workspace, run_id)
    assert worker.work(workspace, folder) == "finished"


def test_an_attempt_that_fails_at_once_keeps_how_far_the_run_was(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_training(workspace, request())
    folder = workspace.run(run_id)
    folder.write_status(state="stopped", step=7, steps=16)
    queue.resume(workspace, run_id)
    workspace.items.remove("pairs")
    assert worker.work(workspace, folder) == "failed"
    status = folder.status()
    assert (status.step, status.steps) == (7, 16)
    assert "no dataset 'pairs'" in status.error


def test_starting_over_is_a_new_run_of_the_same(workspace: Workspace) -> None:
    run_id = trained(workspace)
    before = files(workspace.run(run_id).path)
    again = queue.start_over(workspace, run_id)
    assert again != run_id
    assert worker.work(workspace, workspace.run(again)) == "finished"
    first, second = (listing.losses(workspace, each) for each in (run_id, again))
    assert list(first["total"]) == list(second["total"])
    assert files(workspace.run(run_id).path) == before


def test_resume_with_the_catalogue_away_changes_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_training(workspace, request())
    workspace.run(run_id).write_status(state="stopped")

    def away(*_: Any) -> None:
        raise StoreError("the catalogue is away")

    monkeypatch.setattr(workspace.catalogue, "run", away)
    with pytest.raises(StoreError, match="is away"):
        queue.resume(workspace, run_id)
    assert workspace.run(run_id).status().state == "stopped"


def test_a_run_is_stopped_while_the_catalogue_is_away(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued, running = (start_training(workspace, request()) for _ in range(2))
    workspace.run(queued).write_status(state="queued")
    workspace.run(running).write_status(state="running")

    def away(*_: Any) -> None:
        raise StoreError("the catalogue is away")

    with monkeypatch.context() as patch:
        for name in ("run", "runs", "set_queue_state"):
            patch.setattr(workspace.catalogue, name, away)
        for run_id in (queued, running):
            queue.stop(workspace, run_id)
    assert workspace.run(running).stop_requested()
    assert workspace.run(queued).status().state == "stopped"
    assert worker.work(workspace, workspace.run(queued)) == "stopped"  # a worker that gets it all the same


# --- brought back -----------------------------------------------------------------------------------------


def test_everything_removed_can_be_brought_back_for_a_day(workspace: Workspace) -> None:
    run_id = trained(workspace)
    (head,) = kept_heads.list_heads(workspace)
    grid = Grid("pairs", ("pca",), ("acqua",), dims=(2,), seeds=1, name="widths")
    experiment = experiments.create(workspace, grid)
    before = (
        datasets.list_datasets(workspace),
        listing.list_runs(workspace),
        kept_heads.list_heads(workspace),
    )
    experiments.remove(workspace, experiment.id)
    kept_heads.remove(workspace, head.id)
    queue.remove(workspace, run_id)
    datasets.remove(workspace, "pairs")
    assert experiments.list_experiments(workspace) == []
    assert (
        datasets.list_datasets(workspace),
        listing.list_runs(workspace),
        kept_heads.list_heads(workspace),
    ) == (
        [],
        [],
        [],
    )
    assert not (workspace.runs_path / run_id).exists()
    assert not (workspace.heads_path / head.id).exists()
    assert bin.empty(workspace) == []  # not yet
    removed = [(each.kind, each.id) for each in bin.content(workspace)]
    assert removed == [
        ("dataset", "pairs"),
        ("run", run_id),
        ("head", head.id),
        ("experiment", experiment.id),
    ]
    for name in ("pairs", run_id, head.id, "widths"):
        bin.restore(workspace, name)
    assert bin.content(workspace) == []
    assert (
        datasets.list_datasets(workspace),
        listing.list_runs(workspace),
        kept_heads.list_heads(workspace),
    ) == before
    assert [each.id for each in experiments.list_experiments(workspace)] == [experiment.id]
    assert workspace.items.count("pairs") == 40
    assert kept_heads.estimator(workspace, head.id)


def test_removed_things_are_deleted_after_a_day(workspace: Workspace) -> None:
    run_id = trained(workspace)
    (head,) = kept_heads.list_heads(workspace)
    experiment = experiments.create(workspace, Grid("pairs", ("pca",), ("acqua",), dims=(2,), seeds=1))
    for remove, name in (
        (experiments.remove, experiment.id),
        (kept_heads.remove, head.id),
        (queue.remove, run_id),
        (datasets.remove, "pairs"),
    ):
        remove(workspace, name)  # type: ignore[operator]
    purged(workspace)
    assert bin.content(workspace) == []
    assert workspace.items.datasets() == []
    for folder in (workspace.runs_path, workspace.heads_path):
        assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert not (workspace.experiments_path / experiment.id).exists()
    with pytest.raises(InputError, match="Nothing in the bin is called 'pairs'"):
        bin.restore(workspace, "pairs")


def test_a_removal_killed_between_mark_and_folder_is_completed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = trained(workspace)
    monkeypatch.setattr(queue, "put_away", lambda folder: None)
    queue.remove(workspace, run_id)
    assert (workspace.runs_path / run_id).exists()
    tend(workspace)
    assert not (workspace.runs_path / run_id).exists()
    bin.restore(workspace, run_id)
    assert listing.summary(workspace, run_id).state == "finished"


def test_a_deletion_killed_half_way_is_completed(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.remove(workspace, "pairs")

    def killed(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(workspace.catalogue, "remove_dataset", killed)
        with pytest.raises(SystemExit):
            purged(workspace)
    assert [each.id for each in bin.content(workspace)] == ["pairs"]
    purged(workspace)
    assert bin.content(workspace) == []


def test_a_simultaneous_restore_prevents_deletion(workspace: Workspace) -> None:
    datasets.remove(workspace, "pairs")
    listed, turns = bin.content, []

    def brought_back(opened: Workspace, kind: str | None = None) -> Any:
        found = listed(opened, kind)
        if not turns:
            turns.append(1)
            with pytest.MonkeyPatch.context() as plain:
                plain.setattr(bin, "content", listed)
                bin.restore(opened, "pairs")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bin, "content", brought_back)
        assert bin.empty(workspace, now=time.time() + DAY + 1) == []
    assert workspace.items.count("pairs") == 40


def test_a_removed_dataset_can_be_imported_again_beside_it(workspace: Workspace, tmp_path: Path) -> None:
    source = tmp_path / "shop.csv"
    source.write_text("id,text\na,one\n", encoding="utf-8")
    datasets.store(workspace, source)
    datasets.remove(workspace, "shop")
    assert datasets.store(workspace, source).dataset == "shop-2"
    bin.restore(workspace, "shop")
    assert {each.id for each in datasets.list_datasets(workspace)} == {"pairs", "shop", "shop-2"}


# --- removed while it is encoded --------------------------------------------------------------------------


def test_an_encoding_whose_dataset_is_removed_says_so(workspace: Workspace) -> None:
    add(workspace, "pictures", [Item(f"p{n}", image=png(n)) for n in range(12)], modalities=("image",))

    def removed(done: int, total: int | None) -> None:
        if done == 0:
            workspace.catalogue.remove_dataset("pictures")
            workspace.items.remove("pictures")
            workspace.items.compact()

    with pytest.raises(InputError, match="'pictures' was removed while it was being encoded"):
        encoding.encode(workspace, "pictures", encoder="builtin", progress=removed)


def test_an_encoding_run_keeps_its_dataset(workspace: Workspace) -> None:
    run_id = start_encoding(workspace, EncodingRequest("pairs", "builtin"))
    with pytest.raises(StoreError, match=f"in use by {run_id}"):
        datasets.remove(workspace, "pairs")
