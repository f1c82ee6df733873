"""The controls of a head: what is asked for, what is found again, and the differences seed by seed."""

from __future__ import annotations

import time

import numpy as np
import pytest
from run_workspace import add, pairs

from qlatent.errors import InputError
from qlatent.services import controls, runs
from qlatent.services.controls import Estimate
from qlatent.services.runs import TrainingRequest
from qlatent.store.workspace import Workspace

QUICK = {"qubits": 2, "depth": 1, "epochs": 1, "batch_size": 16, "snapshots": 2}


def wait(workspace, ids):
    until = time.monotonic() + 240
    while any(runs.view(workspace, each).active for each in ids) and time.monotonic() < until:
        runs.dispatch(workspace)
        time.sleep(0.2)
    assert {runs.view(workspace, each).state for each in ids} == {"finished"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A head of seed 4 with its controls over two seeds."""
    with Workspace.open(tmp_path_factory.mktemp("controls") / "workspace") as workspace:
        add(workspace, "pairs", pairs(40))
        run = runs.start_training(
            workspace, TrainingRequest("pairs", settings=QUICK | {"seed": 4}, name="mine")
        )
        wait(workspace, [run])
        asked = controls.missing(workspace, run, 2)
        before = controls.rows(workspace, run, 2)
        wait(workspace, controls.start(workspace, run, 2))
        yield workspace, run, asked, before


def test_what_is_missing_is_each_variant_and_seed_but_the_run_itself(trained):
    _, _, asked, _ = trained
    assert [(each.head, each.settings["seed"]) for each in asked] == [
        ("acqua", 4), ("acqua", 4), ("acqua_twin", 4), ("acqua", 5), ("acqua", 5), ("acqua", 5), ("acqua_twin", 5),
    ]  # fmt: skip
    assert [each.settings.get("entanglers") for each in asked[:3]] == [False, True, None]
    assert [each.settings.get("circuit_weights") for each in asked[:3]] == ["trained", "frozen", None]
    assert all(each.settings["epochs"] == 1 and each.settings["qubits"] == 2 for each in asked)
    assert asked[0].name == "Entanglers left out, seed 4: mine"


def test_before_the_controls_only_the_head_has_figures(trained):
    before = trained[3]
    assert [row.finished for row in before] == [1, 0, 0, 0]
    assert before[0].figures["spearman"].half is None
    assert before[1].figures == {}


def test_what_was_trained_is_found_again_and_compared_seed_by_seed(trained):
    workspace, run, _, _ = trained
    assert controls.missing(workspace, run, 2) == []
    rows = controls.rows(workspace, run, 2)
    assert [(row.finished, row.active) for row in rows] == [(2, 0)] * 4
    views = runs.list_runs(workspace, "train")

    def figure(head, seed, **changes):
        for view in views:
            config = view.spec["configs"]["head"]
            if view.head == head and config["seed"] == seed and changes.items() <= config.items():
                return runs.metrics(workspace, view.id)["spearman"]
        raise AssertionError("no such run")

    own = [figure("acqua", seed, entanglers=True, circuit_weights="trained") for seed in (4, 5)]
    frozen = [figure("acqua", seed, circuit_weights="frozen") for seed in (4, 5)]
    assert rows[2].figures["spearman"].mean == pytest.approx(np.mean(frozen))
    difference = np.array(frozen) - own
    assert rows[2].differences["spearman"].mean == pytest.approx(difference.mean())
    assert rows[2].differences["spearman"].half == pytest.approx(
        12.7062 * abs(np.ptp(difference)) / 2, rel=1e-4
    )


def test_a_control_has_no_controls(trained):
    workspace, _, _, _ = trained
    for view in runs.list_runs(workspace, "train"):
        config = view.spec["configs"]["head"]
        if view.head != "acqua" or not config["entanglers"] or config["circuit_weights"] != "trained":
            with pytest.raises(InputError, match="a control itself"):
                controls.missing(workspace, view.id, 1)


def test_an_interval_needs_two_seeds():
    assert controls._estimate([0.5]) == Estimate(0.5, None)
