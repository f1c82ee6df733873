"""The page Compare by widget key: empty, with the form, with an experiment under way, and with a measured one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.errors import InputError
from qlatent.services.datasets import datasets
from qlatent.services.experiments import experiments, grid
from qlatent.services.experiments.grid import Experiment, Grid
from qlatent.services.runs import listing
from qlatent.services.runs.specs import Measurement
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Ids
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.services.workspaces import open_workspace
from tests.carried_out import in_process
from tests.launchers import LauncherDouble
from tests.pages.conftest import Furnished, brought

Open = Callable[..., AppTest]
TABS = ("Table", "Frontier", "Side by side", "Probe", "Ablation", "Report")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """A workspace of its own: other pages count runs and heads in theirs."""
    pairs, _ = brought(tmp_path_factory.mktemp("brought"))
    workspace = open_workspace(tmp_path_factory.mktemp("compared"))
    return Furnished(workspace, datasets.store(workspace, pairs, name="Pairs").dataset, "", "")


@pytest.fixture(scope="module")
def compared(furnished: Furnished) -> Experiment:
    """A small experiment, carried out once."""
    settings = {"epochs": 2, "batch_size": 16, "depth": 1, "snapshots": 3}
    asked = Grid(furnished.pairs, ("acqua",), dims=(2, 3), seeds=2, settings=settings, name="<b>mine</b>")
    made = experiments.create(furnished.workspace, asked)
    with in_process():
        experiments.start(furnished.workspace, made)
    assert experiments.progress(furnished.workspace, made).measured == 10
    return made


def on_tab(at: AppTest, name: str) -> AppTest:
    at.session_state["compare_tabs"] = name
    at.run()
    assert not at.exception
    return at


def test_without_data_the_way_to_some_is_shown(opened: Open, tmp_path: Path) -> None:
    assert opened(tmp_path, "compare").button(key="empty_data")


def test_the_form_says_what_it_will_train(opened: Open, furnished: Furnished, compared: Experiment) -> None:
    at = opened(furnished.workspace.path, "compare", experiment="new")
    assert at.button(key="compare_start").label == "Compare 3 heads in 10 trainings"
    assert {"Baseline · PCA", "Projection · QBEC"} <= set(at.multiselect(key="compare_heads").options)
    at.slider(key="compare_seeds").set_value(2).run()
    at.multiselect(key="compare_heads").set_value(["mlp"]).run()
    assert at.button(key="compare_start").label == "Compare 2 heads in 2 trainings"
    at.multiselect(key="compare_heads").set_value([]).run()
    assert at.button(key="compare_start").disabled


def test_a_column_to_keep_together_goes_into_the_experiment(
    opened: Open, furnished: Furnished, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(furnished.workspace.path, "compare", dataset=furnished.pairs, experiment="new")
    chosen = at.selectbox(key=f"compare_group_by_{furnished.pairs}")
    assert chosen.options == ["no column", "label", "source"]
    asked: list[Grid] = []

    def create(workspace: object, given: Grid) -> None:
        asked.append(given)
        raise InputError("No experiment today.")

    monkeypatch.setattr(experiments, "create", create)
    chosen.set_value("label").run()
    at.button(key="compare_start").click().run()
    assert asked[0].settings["group_by"] == "label"


def test_an_experiment_starts_stops_goes_on_and_is_forgotten(
    opened: Open, furnished: Furnished, compared: Experiment, no_workers: LauncherDouble
) -> None:
    workspace = furnished.workspace
    at = opened(workspace.path, "compare", experiment="new")
    at.slider(key="compare_seeds").set_value(1).run()
    at.button(key="compare_start").click().run()
    made = experiments.view(workspace, at.session_state["chosen_experiment"])
    assert experiments.progress(workspace, made).active == 3
    at.button(key="compare_stop").click().run()
    for run in listing.list_runs(workspace, "train"):  # no worker is there to hear it
        if run.active:
            workspace.run(run.id).write_status(state="stopped")
            workspace.catalogue.set_queue_state(run.id, "stopped")
    at.run()
    assert at.button(key="compare_go_on").click().run()
    assert experiments.progress(workspace, made).active == 3
    for run in listing.list_runs(workspace, "train"):
        if run.active:
            workspace.run(run.id).write_status(state="stopped")
            workspace.catalogue.set_queue_state(run.id, "stopped")
    at.run()
    at.button(key="compare_remove").click().run()
    assert made.id not in {each.id for each in experiments.list_experiments(workspace)}


def test_a_wrong_grid_is_said_on_a_card(opened: Open, furnished: Furnished, compared: Experiment) -> None:
    at = opened(furnished.workspace.path, "compare", experiment="new")
    at.button_group(key="compare_dims").set_value([32]).run()
    at.multiselect(key="compare_heads").set_value(["pca"]).run()
    at.button(key="compare_start").click().run()
    assert any("only 16 dimensions" in card.title for card in at.error)


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_opens(opened: Open, furnished: Furnished, compared: Experiment, tab: str) -> None:
    at = opened(furnished.workspace.path, "compare", experiment=compared.id)
    on_tab(at, tab)
    assert not at.error


def test_pca_and_the_twin_stand_in_the_table_with_intervals(
    opened: Open, furnished: Furnished, compared: Experiment
) -> None:
    at = on_tab(opened(furnished.workspace.path, "compare", experiment=compared.id), "Table")
    table = at.dataframe[0].value
    assert set(table["Head"]) == {"CLIP-ACQUA", "CLIP-ACQUA, classical twin", "PCA"}
    assert table["Spearman of distances, within"].str.match(r"-?0\.\d{3} \[.*\d, .*\d\]").all()
    at.button_group(key="compare_filter").set_value([3]).run()
    assert set(at.dataframe[0].value["d′"]) == {"3"}
    at.multiselect(key="compare_metrics").set_value([]).run()
    assert any("Choose a metric" in each.value for each in at.info)


def test_the_runs_of_an_experiment_are_listed_when_asked_for(opened: Open, tmp_path: Path) -> None:
    pairs, _ = brought(tmp_path)
    workspace = open_workspace(tmp_path / "both")
    dataset = datasets.store(workspace, pairs, name="Pairs").dataset
    settings = {"epochs": 1, "batch_size": 16, "snapshots": 2}
    with in_process():
        asked = Grid(dataset, ("pca",), dims=(2,), seeds=1, settings=settings)
        experiments.start(workspace, experiments.create(workspace, asked))
        at = opened(workspace.path, "train")
        assert len(at.dataframe[0].value) == 1  # where there is nothing else they are shown
        assert "train_every_run" not in {each.key for each in at.toggle}
        own = start_training(workspace, TrainingRequest(dataset, settings=settings | {"qubits": 2}))
    at = opened(workspace.path, "train")
    assert at.query_params["run"] == own
    assert len(at.dataframe[0].value) == 1
    assert at.toggle(key="train_every_run").label == "Show 1 more run in experiments"
    at.toggle(key="train_every_run").set_value(True).run()
    assert len(at.dataframe[0].value) == 2
    of_experiment = next(run.id for run in listing.list_runs(workspace, "train") if run.part_of)
    linked = opened(workspace.path, "train", run=of_experiment)
    assert linked.query_params["run"] == of_experiment


def test_a_selection_in_the_link_is_listed_and_cleared(
    opened: Open, furnished: Furnished, compared: Experiment
) -> None:
    at = on_tab(opened(furnished.workspace.path, "compare", experiment=compared.id), "Side by side")
    ids = at.dataframe[0].value.set_index("Row")["Id"]
    linked = links.to_link(Ids(ids=(ids[3], ids[5])))
    at.query_params["compare_selection"] = linked
    at.run()
    assert at.button(key="side_clear").label == "Clear the selection of 2 items"
    assert sorted(at.dataframe[0].value["Row"]) == [3, 5]
    at.button(key="side_clear").click().run()
    assert "compare_selection" not in at.query_params
    assert len(at.dataframe[0].value) > 2


def test_agreement_over_all_sizes_stands_beside_the_shepard_diagrams(
    opened: Open, furnished: Furnished, compared: Experiment
) -> None:
    at = on_tab(opened(furnished.workspace.path, "compare", experiment=compared.id), "Side by side")
    charts = {
        chart.proto.id.rsplit("-", 1)[-1]: json.loads(chart.proto.spec) for chart in at.get("plotly_chart")
    }
    drawn = charts["side_agreement"]
    assert [trace["name"].split(" · ")[0] for trace in drawn["data"]] == ["1", "2"]
    assert drawn["layout"]["xaxis"]["type"] == "log"
    assert any("R_NX area, log k, mean of images and texts: **1** 0." in each.value for each in at.caption)


def test_an_items_neighbours_stand_side_by_side(
    opened: Open, furnished: Furnished, compared: Experiment
) -> None:
    at = on_tab(opened(furnished.workspace.path, "compare", experiment=compared.id, row="4"), "Side by side")
    assert any("Nearest to row 4" in each.value for each in at.markdown)
    near = [each.value for each in at.dataframe if "Kept" in each.value]
    assert len(near) == 3 and all(len(each) == 10 for each in near)


def test_a_name_is_never_read_as_html(opened: Open, furnished: Furnished, compared: Experiment) -> None:
    at = on_tab(opened(furnished.workspace.path, "compare", experiment=compared.id), "Report")
    assert not any("<b>mine</b>" in each.value and each.allow_html for each in at.markdown)


def test_a_link_with_nonsense_still_opens(opened: Open, furnished: Furnished, compared: Experiment) -> None:
    opened(furnished.workspace.path, "compare", experiment="e?", metric="<i>", size="?", row="x", tint="no")


def test_figures_over_images_and_texts_together_are_one_click_away(
    opened: Open, furnished: Furnished, compared: Experiment
) -> None:
    at = on_tab(opened(furnished.workspace.path, "compare", experiment=compared.id), "Table")
    shown = at.multiselect(key="compare_metrics")
    assert {"spearman_within", "gap", "recall_at_10"} <= set(shown.value) and "spearman" not in shown.value
    shown.set_value(["spearman", "spearman_image", "spearman_text"]).run()
    assert list(at.dataframe[0].value.columns[3:]) == [
        f"Spearman of distances, {over}" for over in ("images and texts together", "images", "texts")
    ]


@pytest.mark.slow
def test_what_an_earlier_version_measured_is_measured_again_when_asked_for(
    opened: Open, furnished: Furnished, compared: Experiment, no_workers: LauncherDouble
) -> None:
    workspace = furnished.workspace
    at = on_tab(opened(workspace.path, "compare", experiment=compared.id), "Table")
    assert "compare_again" not in {each.key for each in at.button}
    runs = [cell.run.id for cell in grid.cells(workspace, compared) if cell.run is not None]
    older = workspace.run(runs[0]).figures()
    older["metrics"] = {name: each for name, each in older["metrics"].items() if "_within" not in name}
    workspace.run(runs[0]).write_figures(older)
    trained = len(listing.list_runs(workspace, "train"))
    at.run()
    at.button(key="compare_again").click().run()
    [queued] = [run.spec for run in listing.list_runs(workspace, "measure") if run.active]
    assert isinstance(queued, Measurement) and queued.runs == (runs[0],)
    assert len(listing.list_runs(workspace, "train")) == trained
