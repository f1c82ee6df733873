"""The cells of a grid: heads, titles and the run of each cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from qlatent.errors import ConfigError, InputError
from qlatent.services.experiments import experiments, grid
from qlatent.services.experiments.grid import Cell, Experiment
from qlatent.services.runs import listing
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from tests.services.experiment_workspace import QUICK, labelled
from tests.services.experiment_workspace import grid as small_grid
from tests.services.made_runs import made
from tests.services.run_workspace import add


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("grid") / "workspace") as opened:
        add(opened, "pairs", labelled(40))
        yield opened


EXPERIMENT = Experiment(
    "e1", "One", "pairs", 1, "given", ("acqua", "pca", "identity"), ("stress", "acqua"), (2, 3), 2,
    {**QUICK, "split_seed": 0}, 1.0,
)  # fmt: skip


def test_pca_and_the_twin_of_each_quantum_head_are_always_there() -> None:
    assert grid.with_controls(["acqua", "mlp"]) == ("acqua", "mlp", "acqua_twin", "pca")
    assert grid.with_controls(["pca", "acqua_twin"]) == ("pca", "acqua_twin")


def test_a_head_may_bring_settings_of_its_own() -> None:
    assert grid.parse("acqua:depth=2:entanglers=false:input_scaling=none") == (
        "acqua", {"depth": 2, "entanglers": False, "input_scaling": "none"},
    )  # fmt: skip
    with pytest.raises(ConfigError, match="got 'depth', expected key=value"):
        grid.parse("acqua:depth")
    with pytest.raises(ConfigError, match=r"no head called 'aqua'.*did you mean 'acqua'"):
        grid.parse("aqua")


def test_numbers_and_truth_values_of_settings_are_read_and_words_stay() -> None:
    assert grid.parse("mlp") == ("mlp", {})
    assert grid.parse("acqua:input_dim=8:entanglers=True:seed=0.5:function=sin") == (
        "acqua", {"input_dim": 8, "entanglers": True, "seed": 0.5, "function": "sin"},
    )  # fmt: skip
    assert grid.parse("kept/h1/acqua") == ("acqua", {})


def test_heads_and_objectives_have_titles() -> None:
    assert grid.title("acqua") == "CLIP-ACQUA"
    assert grid.title("acqua:depth=2:entanglers=false") == "CLIP-ACQUA (depth=2, entanglers=false)"
    assert grid.title("kept/mine/acqua") == "CLIP-ACQUA, kept as mine"
    assert grid.title("of_a_newer_version") == "of_a_newer_version"
    assert grid.goal("distance_correlation") == "distance correlation"
    assert grid.goal(grid.NO_OBJECTIVE) == "–"


def test_a_kept_head_needs_no_controls_of_its_own() -> None:
    assert grid.with_controls(["kept/mine/acqua"]) == ("kept/mine/acqua", "pca")


def test_a_place_is_refused_missing_or_in_the_state_of_its_run(workspace: Workspace) -> None:
    run = listing.summary(workspace, made(workspace, state="failed"))
    assert Cell("pca", "none", 2, 0).state == "missing"
    assert Cell("pca", "none", 2, 0, refusal="no").state == "refused"
    assert Cell("pca", "none", 2, 0, run=run).state == "failed"


def test_heads_stand_at_every_dimension_and_objective_that_they_have(workspace: Workspace) -> None:
    found = {(cell.head, cell.objective, cell.dim) for cell in grid.cells(workspace, EXPERIMENT)}
    trained = {("acqua", objective, dim) for objective in ("stress", "acqua") for dim in (2, 3)}
    assert found == trained | {("pca", "none", 2), ("pca", "none", 3), ("identity", "none", None)}


def test_places_come_seed_by_seed_and_what_is_not_drawn_has_one_run_for_all(workspace: Workspace) -> None:
    cells = grid.cells(workspace, EXPERIMENT)
    assert [cell.seed for cell in cells] == [0] * 7 + [1] * 7
    assert len(grid.distinct(cells)) == 2 * 4 + 2 + 1  # PCA and the identity are the same for each seed
    drawn = grid.cells(workspace, replace(EXPERIMENT, settings={**QUICK, "split_seed": -1}))
    assert len(grid.distinct(drawn)) == 2 * 7  # another seed is another held-out part


def test_an_existing_run_fills_its_cell_however_it_was_started(workspace: Workspace) -> None:
    cell = next(each for each in grid.cells(workspace, EXPERIMENT) if each.head == "acqua")
    assert cell.spec is not None and cell.run is None
    run = made(workspace, cell.spec.model_copy(update={"name": "of somebody else"}))
    again = next(each for each in grid.cells(workspace, EXPERIMENT) if each.head == "acqua")
    assert again.run is not None and again.run.id == run
    others = [each for each in grid.cells(workspace, EXPERIMENT) if each.run is not None]
    assert [training_key(each.spec) for each in others if each.spec] == [training_key(cell.spec)]


@pytest.mark.parametrize(("head", "word"), [("acqua", "qubits"), ("pca", "dim")])
@pytest.mark.parametrize("own", ["", ":qubits=4", ":dim=4"])
def test_the_grid_decides_the_width_of_the_latent_by_the_heads_own_word(
    workspace: Workspace, head: str, word: str, own: str
) -> None:
    for cell in grid.cells(workspace, replace(EXPERIMENT, heads=(f"{head}{own}",), seeds=1)):
        assert cell.spec is not None, cell.refusal
        assert {key: cell.spec.configs.head.get(key) for key in ("qubits", "dim")} == {
            "qubits": None, "dim": None, word: cell.dim,
        }  # fmt: skip


def test_what_cannot_work_is_a_place_with_its_reason(workspace: Workspace) -> None:
    cells = grid.cells(workspace, replace(EXPERIMENT, heads=("pca",), dims=(2, 11), seeds=1))
    assert [(cell.dim, cell.state) for cell in cells] == [(2, "missing"), (11, "refused")]
    assert "only 8 dimensions" in cells[1].refusal
    assert grid.distinct(cells) == [cells[0]]


def test_an_experiment_whose_vectors_are_gone_says_so(workspace: Workspace) -> None:
    with pytest.raises(InputError, match=r"One: 'pairs' has no vectors of encoder 'gone'"):
        grid.cells(workspace, replace(EXPERIMENT, encoder="gone"))


def test_common_settings_are_passed_to_the_parts_that_have_them(workspace: Workspace) -> None:
    made = experiments.create(workspace, small_grid(settings=QUICK | {"focus": 2.0, "function": "sin"}))
    by_head = {cell.head: cell.spec.configs for cell in grid.cells(workspace, made) if cell.spec}
    assert by_head["acqua"].objective["focus"] == 2.0
    assert by_head["acqua"].head["depth"] == 1
    assert by_head["acqua_separable:depth=2"].head["depth"] == 2
    assert by_head["acqua_twin"].head["function"] == "sin"
    assert by_head["acqua"].training["split_seed"] == 0
