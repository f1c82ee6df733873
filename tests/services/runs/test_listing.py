"""Lists of runs: order, states and metrics by step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from qlatent.errors import StoreError
from qlatent.services.runs import listing, queue, run_index
from qlatent.services.runs.specs import Encoding, RetrievalEvaluation
from qlatent.store.workspace import Workspace
from tests.services.made_runs import made, training
from tests.services.run_workspace import small


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("listing") / "workspace", count=12) as workspace:
        yield workspace


@pytest.fixture
def workspace(stored: Workspace) -> Iterator[Workspace]:
    yield stored
    for record in stored.catalogue.runs():
        if (stored.runs_path / record.id).exists():
            stored.run(record.id).write_status(state="stopped")
        queue.remove(stored, record.id)


ENCODING = Encoding(name="Encode", created=2000.0, dataset="pairs", encoder="builtin", settings={})


def test_the_newest_run_comes_first_and_one_kind_can_be_asked_for(workspace: Workspace) -> None:
    second, first, third = (made(workspace, training(created=each)) for each in (20.0, 10.0, 30.0))
    encoding = made(workspace, ENCODING)
    assert [view.id for view in listing.list_runs(workspace, "train")] == [third, second, first]
    assert [view.id for view in listing.list_runs(workspace)] == [encoding, third, second, first]
    assert listing.list_runs(workspace, "measure") == []


def test_a_view_says_what_the_spec_says(workspace: Workspace) -> None:
    view = listing.summary(workspace, made(workspace))
    assert (view.name, view.kind, view.dataset, view.head) == ("By hand", "train", "pairs", "acqua")
    assert (view.encoder, view.dataset_version, view.datasets) == ("given", 1, ("pairs",))
    assert view.created == 1000.0
    assert view.spec is not None and view.spec.id == view.id
    encoding = listing.summary(workspace, made(workspace, ENCODING))
    assert (encoding.head, encoding.dataset_version, encoding.encoder) == (None, None, "builtin")


def test_an_evaluation_reads_its_corpus_and_its_queries(workspace: Workspace) -> None:
    spec = RetrievalEvaluation(
        name="x", created=1.0, dataset="pairs", encoder="given", heads=(), queries="asked"
    )
    assert listing.summary(workspace, made(workspace, spec)).datasets == ("pairs", "asked")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"part_of": "shares of the training queries"}, "shares of the training queries"),
        ({"panel": True}, "an experiment"),
        ({"panel": True, "part_of": "a table"}, "a table"),
    ],
)
def test_a_run_says_which_table_it_was_made_for(
    workspace: Workspace, changes: dict[str, Any], said: str
) -> None:
    assert listing.summary(workspace, made(workspace, training(**changes))).part_of == said


@pytest.mark.parametrize(
    ("status", "progress", "message", "active"),
    [
        ({}, 0.0, "queued", True),
        ({"state": "running"}, 0.0, "loading", True),
        ({"state": "running", "step": 5, "steps": 20}, 0.25, "running", True),
        ({"state": "running", "step": 30, "steps": 20}, 1.0, "running", True),
        ({"state": "running", "step": 5, "steps": 20, "pid": 2**22 + 1, "process_started": 1.0}, 0.25, "interrupted",
         False),
        ({"state": "stopped", "step": 5, "steps": 10}, 0.5, "stopped", False),
        ({"state": "failed", "error": "No room."}, 0.0, "failed: No room.", False),
        ({"state": "failed"}, 0.0, "failed", False),
        ({"state": "finished"}, 1.0, "finished", False),
    ],
)  # fmt: skip
def test_the_state_is_shown_as_text_and_as_a_share(
    workspace: Workspace, status: dict[str, Any], progress: float, message: str, active: bool
) -> None:
    view = listing.summary(workspace, made(workspace, **status))
    assert (view.progress, view.message, view.active) == (progress, message, active)


def test_a_run_whose_folder_is_gone_is_shown_as_failed_and_can_be_removed(workspace: Workspace) -> None:
    run_id = made(workspace, state="running")
    shutil.rmtree(workspace.runs_path / run_id)
    (view,) = listing.list_runs(workspace)
    assert view.state == "failed"
    assert "no run" in view.message
    queue.remove(workspace, run_id)
    assert listing.list_runs(workspace) == []


@pytest.mark.parametrize("content", ["{", "[]", '{"kind": "dance"}'])
def test_a_run_whose_spec_is_damaged_hides_no_other(workspace: Workspace, content: str) -> None:
    damaged, whole = made(workspace), made(workspace)
    (workspace.run(damaged).path / "spec.json").write_text(content)
    run_index._spec.cache_clear()  # as in a process that has read neither
    found = {view.id: view for view in listing.list_runs(workspace)}
    assert found[damaged].spec is None
    assert (found[damaged].datasets, found[damaged].encoder) == ((), "")
    assert found[whole].spec is not None


def test_an_unknown_run_is_an_error(workspace: Workspace) -> None:
    with pytest.raises(StoreError, match="no run"):
        listing.summary(workspace, "r20200101-000000-0000")


def test_several_runs_are_looked_at_in_the_order_they_are_asked_for(workspace: Workspace) -> None:
    one, _, other = (made(workspace) for _ in range(3))
    assert [view.id for view in listing.summaries(workspace, [other, one])] == [other, one]
    assert listing.summaries(workspace, []) == []
    with pytest.raises(StoreError, match="no run"):
        listing.summaries(workspace, [one, "r20200101-000000-0000"])


def test_losses_keep_the_last_occurrence_of_each_step_and_grow_with_the_log(workspace: Workspace) -> None:
    run_id = made(workspace)
    folder = workspace.run(run_id)

    def step(number: int, total: float) -> None:
        losses = {"total": total, "pair_distance": total / 2}
        folder.append(
            {"type": "step", "time": 1.0, "step": number, "epoch": 1, "losses": losses, "rate": None}
        )

    for number, total in [(1, 9.0), (2, 8.0), (3, 7.0), (2, 8.5)]:
        step(number, total)
    first = listing.losses(workspace, run_id)
    np.testing.assert_array_equal(first["step"], [1, 2, 3])
    np.testing.assert_array_equal(first["total"], [9.0, 8.5, 7.0])
    assert np.isnan(first["rate"]).all()
    step(4, 1.0)
    np.testing.assert_array_equal(listing.losses(workspace, run_id)["pair_distance"], [4.5, 4.25, 3.5, 0.5])
    np.testing.assert_array_equal(first["step"], [1, 2, 3])  # what was handed out does not change


def test_figures_of_a_run_without_events_are_empty(workspace: Workspace) -> None:
    run_id = made(workspace, state="running")
    assert list(listing.losses(workspace, run_id)["step"]) == []
    assert listing.metrics(workspace, run_id) == {}
    assert listing.summary(workspace, run_id).message == "loading"


def test_evaluations_and_final_figures_are_those_of_the_log(workspace: Workspace) -> None:
    events = [
        {"type": "evaluation", "step": step, "epoch": step, "metrics": {"pair_error": 1.0 / step}}
        for step in (1, 2)
    ]
    events += [{"type": "finish", "step": 2, "metrics": {"pair_error": 0.5}}]
    run_id = made(workspace, events=events)
    found = listing.evaluations(workspace, run_id)
    np.testing.assert_array_equal(found["pair_error"], [1.0, 0.5])
    np.testing.assert_array_equal(found["epoch"], [1, 2])
    assert listing.metrics(workspace, run_id) == {"pair_error": 0.5}
    assert listing.encoder_path(workspace, run_id) == workspace.runs_path / run_id / "encoder"
