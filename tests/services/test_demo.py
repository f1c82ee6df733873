"""The demo: the warning about its encoder, and preparation and training only once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import QlatentError
from qlatent.services import demo
from qlatent.services.runs import listing, queue
from qlatent.services.runs.specs import training_spec
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.made_runs import made, training
from tests.services.run_workspace import add, pairs


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("demo") / "workspace") as opened:
        add(opened, demo.DATASET, pairs(12))
        yield opened


@pytest.fixture
def workspace(stored: Workspace, no_workers: LauncherDouble) -> Iterator[Workspace]:
    yield stored
    for record in stored.catalogue.runs():
        stored.run(record.id).write_status(state="stopped")
        queue.remove(stored, record.id)


@pytest.mark.parametrize(
    ("encoder", "dataset", "warned"),
    [
        ("builtin", "photographs", True),
        ("builtin-0a1b", "photographs", True),
        ("builtin", None, True),
        ("builtin", demo.DATASET, False),
        ("clip", "photographs", False),
        ("built", "photographs", False),
        (None, None, False),
    ],
)
def test_the_built_in_encoder_has_a_warning_beyond_the_demo(
    encoder: str | None, dataset: str | None, warned: bool
) -> None:
    assert bool(demo.beyond_builtin(encoder, dataset)) == warned


def test_a_workspace_without_the_demo_says_how_to_get_it(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace") as empty:
        assert not demo.has_items(empty)
        with pytest.raises(QlatentError, match=r"not prepared. Run `qlatent demo`"):
            demo.summary(empty)


def test_the_summary_names_what_is_there(workspace: Workspace) -> None:
    assert demo.has_items(workspace)
    assert not demo.prepared(workspace)  # no head is trained on it
    assert demo.summary(workspace) == {"dataset": "demo", "rows": 12, "run": None, "head": None}
    run = made(workspace, training(dataset=demo.DATASET))
    assert demo.summary(workspace)["run"] == run


def test_it_is_prepared_by_one_run_at_a_time(workspace: Workspace, no_workers: LauncherDouble) -> None:
    first = demo.start(workspace)
    assert demo.start(workspace) == first
    assert no_workers.launched == [first]
    workspace.run(first).write_status(state="failed")
    assert demo.start(workspace) != first


@pytest.mark.parametrize("state", ["queued", "running", "finished", "stopped", "interrupted"])
def test_its_trainings_are_those_that_are_there(workspace: Workspace, state: str) -> None:
    status = (
        {"state": "running", "pid": 2**22 + 1, "process_started": 1.0}
        if state == "interrupted"
        else {"state": state}
    )
    there = [
        made(workspace, training(dataset=demo.DATASET, name=each.name), **status) for each in demo.TRAININGS
    ]
    assert demo.train(workspace) == there
    resumed = state in ("stopped", "interrupted")
    assert {listing.summary(workspace, run).state for run in there} == {"queued" if resumed else state}


def test_a_failed_training_is_not_resumed(workspace: Workspace) -> None:
    failed = made(workspace, training(dataset=demo.DATASET, name=demo.TRAININGS[0].name), state="failed")
    assert failed not in demo.train(workspace)


def test_distance_correlation_is_the_newest_and_the_published_loss_trains_the_same_head(
    workspace: Workspace,
) -> None:
    demo.train(workspace)
    newest, other = (view for view in listing.list_runs(workspace, "train") if view.dataset == demo.DATASET)
    assert [training_spec(workspace.run(run.id)).objective for run in (newest, other)] == [
        "distance_correlation",
        "acqua",
    ]
    assert demo.summary(workspace)["run"] == newest.id
    heads = [training_spec(workspace.run(run.id)).configs.head for run in (newest, other)]
    assert heads[0] == heads[1] and heads[0]["qubits"] == 2
