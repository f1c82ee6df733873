"""The controls of a head: missing trainings, existing runs and paired differences."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.circuits import controls
from qlatent.services.circuits.controls import Estimate
from qlatent.services.runs import listing, queue
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import training_spec
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from tests import carried_out
from tests.services.run_workspace import add, pairs

QUICK = {"qubits": 2, "epochs": 1, "batch_size": 16, "snapshots": 2}


@pytest.fixture(scope="module", params=["acqua", "qssl"])
def trained(request, tmp_path_factory):
    """A head of seed 4 with its controls over two seeds."""
    head = request.param
    own = {"depth": 1} if head == "acqua" else {"layers": 1, "temperature": 0.2}
    objective = "acqua" if head == "acqua" else "ntxent"
    with Workspace.open(tmp_path_factory.mktemp("controls") / "workspace") as workspace:
        add(workspace, "pairs", pairs(40))
        settings = QUICK | own | {"seed": 4}
        request = TrainingRequest("pairs", head=head, objective=objective, settings=settings, name="mine")
        run = carried_out.trained(workspace, request)
        before = controls.places(workspace, run, 2)
        rows = controls.rows(workspace, before)
        with carried_out.in_process():
            assert len(controls.start(workspace, before)) == 7
        yield workspace, run, before, rows


def test_missing_trainings_are_all_heads_and_seeds_except_the_run_itself(trained):
    _, run, before, _ = trained
    head = before[0].head
    heads = [head, f"{head}_frozen", f"{head}_separable", f"{head}_twin"]
    assert [(each.head, each.seed) for each in before] == [(name, seed) for seed in (4, 5) for name in heads]
    assert before[0].run.id == run
    assert controls.missing(before) == before[1:]
    configs = [each.spec.configs.head for each in before]
    assert [each.get("entanglers") for each in configs[:4]] == [True, True, False, None]
    assert [each.get("circuit_weights") for each in configs[:4]] == ["trained", "frozen", "trained", None]
    for each in before:
        assert each.spec.configs.training["epochs"] == 1
        assert each.spec.configs.training["seed"] == each.spec.configs.head["seed"] == each.seed
        assert each.spec.configs.head["dim" if each.head.endswith("twin") else "qubits"] == 2
        assert each.spec.objective == ("acqua" if head == "acqua" else "ntxent")
    assert before[1].spec.name.endswith("frozen circuit, seed 4: mine")


def test_before_the_controls_only_the_head_has_figures(trained):
    rows = trained[3]
    assert [row.finished for row in rows] == [1, 0, 0, 0]
    assert rows[0].figures["spearman_within"].half is None
    assert {"gap", "pair_error"} <= set(rows[0].figures) and "spearman" not in rows[0].figures
    assert rows[1].figures == {}


def test_what_was_trained_is_found_again_and_compared_seed_by_seed(trained):
    workspace, run, before, _ = trained
    places = controls.places(workspace, run, 2)
    assert controls.missing(places) == []
    rows = controls.rows(workspace, places)
    assert [(row.finished, row.active) for row in rows] == [(2, 0)] * 4
    views = listing.list_runs(workspace, "train")

    def figure(head, seed):
        (view,) = [v for v in views if v.head == head and v.spec.configs.head["seed"] == seed]
        measured = listing.metrics(workspace, view.id)
        return (measured["spearman_image"] + measured["spearman_text"]) / 2

    name = before[0].head
    own = [figure(name, seed) for seed in (4, 5)]
    frozen = [figure(f"{name}_frozen", seed) for seed in (4, 5)]
    assert rows[1].figures["spearman_within"].mean == pytest.approx(np.mean(frozen))
    difference = np.array(frozen) - own
    assert rows[1].differences["spearman_within"].mean == pytest.approx(difference.mean())
    assert rows[1].differences["spearman_within"].half == pytest.approx(
        12.7062 * abs(np.ptp(difference)) / 2, rel=1e-4
    )


def test_figures_over_both_together_are_compared_where_a_run_has_nothing_else(trained, monkeypatch):
    workspace, run, _, _ = trained
    older = {"spearman": 0.7, "pair_error": 0.1}
    newer = older | {"spearman_image": 0.2, "spearman_text": 0.4}

    def figures(*seeds):
        kept = dict(zip((4, 5), seeds, strict=True))
        places = controls.places(workspace, run, 2)
        by_run = {place.run.id: kept[place.seed] for place in places}
        monkeypatch.setattr(listing, "metrics", lambda _, run_id: by_run[run_id])
        return controls.rows(workspace, places)[0].figures

    assert figures(newer, newer)["spearman_within"].mean == pytest.approx(0.3)
    assert set(figures(newer, older)) == {"spearman", "pair_error"}


def test_what_the_runs_were_started_with_says_how_to_start_them_again(trained):
    workspace, run, _, _ = trained
    for place in controls.places(workspace, run, 2):
        spec = place.run.spec
        request = TrainingRequest("pairs", head=place.head, objective=spec.objective, settings=spec.settings)
        assert training_key(training_spec(workspace, request)) == training_key(spec)


def test_a_control_has_no_controls(trained):
    workspace = trained[0]
    for view in listing.list_runs(workspace, "train"):
        if view.head not in ("acqua", "qssl"):
            with pytest.raises(InputError, match="is a control, or"):
                controls.places(workspace, view.id, 1)


def test_a_head_that_was_made_its_own_control_by_a_setting_has_none(tmp_path):
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "pairs", pairs(40))
        settings = QUICK | {"depth": 1, "entanglers": False}
        spec = training_spec(workspace, TrainingRequest("pairs", settings=settings))
        with pytest.raises(InputError, match="is a control, or"):
            controls.places(workspace, queue.enqueue(workspace, spec), 1)


def test_an_interval_needs_two_seeds():
    assert controls._estimate([0.5]) == Estimate(0.5, None)
