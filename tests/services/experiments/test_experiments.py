"""Experiments: added controls, refused grids, reused runs and results."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from qlatent.errors import ConfigError, InputError
from qlatent.report import experiment as report
from qlatent.services.experiments import ablation, comparison, experiments
from qlatent.services.experiments import grid as grid_of
from qlatent.services.heads import evaluation, kept_heads
from qlatent.services.runs import listing, queue, run_index
from qlatent.services.training.request import TrainingRequest
from qlatent.store.workspace import Workspace
from tests.carried_out import in_process, trained
from tests.services.experiment_workspace import QUICK, grid, labelled
from tests.services.run_workspace import add


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A completed experiment and its workspace."""
    with Workspace.open(tmp_path_factory.mktemp("experiments") / "workspace") as workspace:
        add(workspace, "pairs", labelled())
        experiment = experiments.create(workspace, grid())
        with in_process():
            started = experiments.start(workspace, experiment)
        yield workspace, experiment, started


@pytest.fixture
def empty(tmp_path):
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "pairs", labelled(40))
        yield workspace


# --- what a grid is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": {"epocs": 3}}, "unknown key 'epocs'.*did you mean 'epochs'"),
        ({"settings": {"qubits": 3}}, "qubits is given by the grid"),
        ({"settings": {"dim": 3}}, "dim is given by the grid"),
        ({"settings": {"seed": 3}}, "seed is given by the grid"),
        ({"seeds": 0}, "at least"),
        ({"heads": ("nothing",)}, "no head called 'nothing'"),
        ({"objectives": ("nothing",)}, "no objective called 'nothing'"),
        ({"dims": (11,), "heads": ("pca",), "settings": {}}, "only 8 dimensions"),
    ],
)
def test_a_wrong_grid_is_refused_before_anything_runs(empty, changes, message):
    with pytest.raises((ConfigError, InputError), match=message):
        experiments.create(empty, grid(**changes))
    assert not listing.list_runs(empty)
    assert not experiments.list_experiments(empty)


def test_the_same_grid_is_the_same_experiment_and_another_is_not(empty):
    first = experiments.create(empty, grid())
    assert experiments.create(empty, grid(name="again")) == first
    assert experiments.create(empty, grid(seeds=3)).id != first.id
    assert [each.id for each in experiments.list_experiments(empty, "pairs")][-1] == first.id
    experiments.remove(empty, first.id)
    with pytest.raises(InputError, match="There is no experiment"):
        experiments.view(empty, first.id)


def test_an_objective_that_needs_pairs_is_refused_for_one_modality(empty):
    made = experiments.create(
        empty, grid(objectives=("contrast", "stress"), settings=QUICK | {"modalities": ["text"]})
    )
    refused = experiments.progress(empty, made).refused
    assert any("contrast' needs image and text" in line for line in refused)
    assert not any("stress" in line for line in refused if "2-d" in line)


def test_nt_xent_takes_noisy_copies_of_one_modality_unless_it_is_to_have_pairs(empty):
    for views, refused in (("auto", False), ("noise", False), ("pairs", True)):
        settings = QUICK | {"modalities": ["text"], "views": views}
        made = experiments.create(empty, grid(objectives=("ntxent",), settings=settings))
        lines = [line for line in experiments.progress(empty, made).refused if "needs image and text" in line]
        assert bool(lines) == refused
        assert all("views=noise: two noisy copies" in line for line in lines)


# --- what it does -----------------------------------------------------------------------------------------


def test_every_training_ran_once_and_impossible_cells_have_a_reason(done):
    workspace, experiment, started = done
    told = experiments.progress(workspace, experiment)
    assert told.failed == ()
    # three heads × two seeds, and PCA once for both seeds
    assert (told.total, told.finished, told.measured, len(started)) == (7, 7, 7, 7)
    assert len(told.refused) == 4
    assert "PCA, 11-d: dim=11: the vectors have only 8 dimensions. Use at most 8." in told.refused
    assert any(
        line.startswith("CLIP-ACQUA, 11-d") and "less than or equal to 10" in line for line in told.refused
    )


def test_starting_again_trains_nothing(done):
    workspace, experiment, _ = done
    before = len(listing.list_runs(workspace))
    assert experiments.start(workspace, experiment) == []
    assert len(listing.list_runs(workspace)) == before


def test_a_run_from_elsewhere_is_taken_over_and_measured(done):
    workspace, _, _ = done
    settings_of_training = {key: value for key, value in QUICK.items() if key != "depth"}
    settings = settings_of_training | {"qubits": 2, "seed": 0, "split_seed": 0}
    run = trained(
        workspace, TrainingRequest("pairs", head="acqua_linear", objective="stress", settings=settings)
    )
    made = experiments.create(
        workspace,
        grid(
            heads=("acqua_linear",), objectives=("stress",), dims=(2,), seeds=1, settings=settings_of_training
        ),
    )
    cells = {cell.head: cell for cell in grid_of.cells(workspace, made)}
    assert cells["acqua_linear"].run.id == run
    assert not workspace.run(run).has_figures()
    with in_process():
        [measuring] = experiments.start(workspace, made)
    assert listing.summary(workspace, measuring).kind == "measure"
    assert workspace.run(run).figures()["metrics"]["spearman"]["value"] is not None


def test_a_kept_head_is_measured_as_it_is(done):
    workspace, _, _ = done
    run = next(
        each for each in listing.list_runs(workspace, "train") if each.name.startswith("CLIP-ACQUA, 2-d")
    )
    assert not any(each.run_id == run.id for each in kept_heads.list_heads(workspace))
    head = kept_heads.find(workspace, run.id)  # kept because somebody asks for it
    made = experiments.create(
        workspace, grid(heads=(f"kept/{head.name}", "pca"), dims=(2,), settings={"snapshots": 3})
    )
    before = len(kept_heads.list_heads(workspace))
    with in_process():
        experiments.start(workspace, made)
    cell = next(cell for cell in grid_of.cells(workspace, made) if cell.head.startswith("kept/"))
    assert cell.run.status.steps == 0 and comparison.dimension(cell) == 2
    value = workspace.run(cell.run.id).figures()["metrics"]["spearman"]["value"]
    own = workspace.run(head.run_id).figures()["metrics"]["spearman"]["value"]
    assert value == pytest.approx(own, abs=1e-9)
    assert len(kept_heads.list_heads(workspace)) == before
    assert "kept as" in grid_of.title(cell.head)


def test_a_kept_head_of_another_space_is_refused(empty, tmp_path):
    import qlatent

    items = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    made = qlatent.create("pca", input_dim=8, qubits=2).fit({"image": items, "text": items})
    folder = made.save(tmp_path / "head", {"encoder": "clip-vit-b-32"})
    kept_heads.load_upload(empty, folder, name="foreign")
    with pytest.raises(InputError, match="was trained on vectors of clip-vit-b-32; these are of given"):
        experiments.create(empty, grid(heads=("kept/foreign",)))
    with pytest.raises(InputError, match="these are of given"):
        evaluation.evaluate(empty, "foreign", "pairs")


def test_a_failed_cell_does_not_affect_the_others(empty, monkeypatch):
    made = experiments.create(empty, grid(heads=("acqua",), dims=(2,), seeds=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue, "dispatch", lambda *_: [])  # they wait
        started = experiments.start(empty, made)
    victim = next(run for run in started if listing.summary(empty, run).head == "acqua_twin")
    folder = empty.run(victim)
    queue.stop(empty, victim)
    with in_process():
        queue.dispatch(empty)
    folder.write_status(state="failed", error="disk full", remedy="Make room.")
    run_index.record(empty, victim)
    told = experiments.progress(empty, made)
    assert any("disk full" in line for line in told.failed)
    assert {row["head"] for row in comparison.rows(empty, made)} == {"acqua", "pca"}
    with in_process():
        experiments.start(empty, made)  # goes on with what failed
    assert experiments.progress(empty, made).failed == ()


# --- what it found ----------------------------------------------------------------------------------------


def test_the_table_is_tidy_and_its_figures_those_of_the_runs(done):
    workspace, experiment, _ = done
    table = comparison.rows(workspace, experiment)
    assert set(table[0]) == {"head", "objective", "dim", "seed", "metric", "value", "low", "high", "n"}
    frame = comparison.frame(table)
    assert len(frame.drop_duplicates(["head", "objective", "dim", "seed", "metric"])) == len(frame)
    pca = frame[(frame["head"] == "pca") & (frame["metric"] == "spearman") & (frame["dim"] == 2)]
    assert pca["value"].nunique() == 1 and set(pca["seed"]) == {0, 1} and set(pca["objective"]) == {"none"}
    assert {"probe_accuracy", "recall_at_10", "parameters_used", "ms_per_1000"} <= set(frame["metric"])
    row = frame[(frame["head"] == "acqua") & (frame["metric"] == "spearman") & (frame["seed"] == 1)].iloc[0]
    run = next(
        c for c in grid_of.cells(workspace, experiment) if (c.head, c.seed, c.dim) == ("acqua", 1, 2)
    ).run
    assert row["value"] == pytest.approx(listing.metrics(workspace, run.id)["spearman"], abs=1e-6)
    assert row["low"] <= row["value"] <= row["high"]


def test_files_hold_the_table_and_json_is_strict(done, tmp_path):
    workspace, experiment, _ = done
    parquet, plain = comparison.write(workspace, experiment, tmp_path / "out")
    document = json.loads(plain.read_text(), parse_constant=lambda name: pytest.fail(name))
    assert len(pd.read_parquet(parquet)) == len(document["rows"])
    assert document["contrasts"][0]["words"]
    latex = comparison.latex(document["rows"], ["spearman"])
    assert latex.startswith("\\begin{tabular}") and "d$'$" in latex


def test_nothing_is_written_where_nothing_is_measured(empty, tmp_path):
    made = experiments.create(empty, grid())
    with pytest.raises(InputError, match="This experiment has no results yet"):
        comparison.write(empty, made, tmp_path)


def test_ablations_compare_what_differs_in_one_part(done):
    workspace, experiment, _ = done
    table = comparison.rows(workspace, experiment)
    names = [each.name for each in ablation.circuit(table, "spearman")]
    assert any("classical twin" in name for name in names)
    assert ablation.objective(table, "spearman") == []
    effects = ablation.distance(workspace, experiment, "spearman")
    assert any("log-fidelity" in each.name and "CLIP-ACQUA" in each.name for each in effects)
    assert any("PCA" in each.name and "cosine" in each.name for each in effects)


def test_the_report_is_one_file_that_loads_nothing(done, tmp_path):
    workspace, experiment, _ = done
    page, text = report.write(workspace, experiment, tmp_path)
    html, markdown = page.read_text(), text.read_text()
    body = html.replace("https://plotly.com", "")  # a link of the library, which nobody follows by itself
    assert "<script src" not in body and "<link" not in body
    for word in ("Spearman", "CLIP-ACQUA", "qlatent compare pairs", "held out", "Python 3."):
        assert word in html and word in markdown
    assert "quantum advantage" not in markdown.lower()
    assert "0: ─H" in markdown
