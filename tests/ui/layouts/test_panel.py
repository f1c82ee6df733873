"""The panel of layouts: start, follow, choose, read and remove one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.layouts import layouts, requests
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.runs import launchers, listing
from qlatent.services.runs.specs import Layout
from qlatent.services.scenes import scenes
from qlatent.services.workspaces import Workspace
from qlatent.settings import settings
from qlatent.store.runs.run_status import RunStatus
from qlatent.ui.layouts import reading as shown_reading
from qlatent.ui.selections.view import View
from qlatent.ui.shell import dataset_cache
from tests.carried_out import in_process
from tests.launchers import LauncherDouble
from tests.services.layouts.laid_out import classified, computed, items


def drawn() -> None:
    import streamlit as st

    from qlatent.ui.layouts.panel import panel
    from qlatent.ui.shell import page

    with page.guarded():
        panel("explore", st.session_state["view"])


@dataclass(frozen=True)
class Laid:
    """A workspace with a layout of its dataset `classes`."""

    workspace: Workspace
    layout: StoredLayout


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Laid:
    workspace = classified(tmp_path_factory.mktemp("laid"))
    return Laid(workspace, computed(workspace, method="pca"))


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    yield
    settings.cache_clear()


def opened(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, *, layout: str = "", **url: str) -> AppTest:
    monkeypatch.setenv("QLATENT_WORKSPACE", str(workspace.path))
    settings.cache_clear()
    at = AppTest.from_function(drawn, default_timeout=60)
    at.session_state["navigation_declared"] = True
    scene = (
        scenes.of_layout(workspace, layout) if layout else scenes.of_vectors(workspace, "classes", "given")
    )
    at.session_state["view"] = View(
        dataset="classes", version=workspace.items.version("classes"), encoder="given", layout=layout,
        modality="text", rows=np.arange(1, 91), scene=scene, name=str((workspace.path, layout)),
    )  # fmt: skip
    for name, value in url.items():
        at.query_params[name] = value
    at.run()
    sound(at)
    return at


def sound(at: AppTest) -> None:
    assert not at.exception, at.exception
    assert not at.error, [card.value for card in at.error]


def said(at: AppTest) -> str:
    return " ".join(each.value for each in (*at.caption, *at.markdown))


def test_nothing_is_started_by_opening_it_and_the_settings_are_those_of_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = classified(tmp_path / "ws")
    double = LauncherDouble()
    with launchers.using(double):
        at = opened(workspace, monkeypatch)
        assert not double.launched and "About 12 s for 90 items" in said(at)
        at.number_input(key="explore_layout_new_neighbours").set_value(7)
        at.number_input(key="explore_layout_new_min_dist").set_value(0.3)
        at.selectbox(key="explore_layout_new_metric").select("euclidean")
        at.toggle(key="explore_layout_new_densmap").set_value(True)
        at.number_input(key="explore_layout_new_seed").set_value(5)
        at.button(key="explore_layout_new_start").click().run()
        sound(at)
    (run,) = listing.list_runs(workspace, "layout")
    spec = run.spec
    assert isinstance(spec, Layout) and double.launched == [run.id]
    assert (spec.method, spec.neighbours, spec.min_dist, spec.metric) == ("umap", 7, 0.3, "euclidean")
    assert (spec.densmap, spec.seed, spec.dimensions, spec.encoder) == (True, 5, 2, "given")


def test_a_started_layout_shows_its_epochs_and_its_phase_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = classified(tmp_path / "ws")
    with launchers.using(LauncherDouble()):
        run = requests.start(workspace, requests.LayoutRequest("classes"))
        status = RunStatus(
            state="running", step=125, steps=500, rate=50.0, seconds_left=8.0, phase="Finding neighbours"
        )
        workspace.run(run).write_status(status)
        at = opened(workspace, monkeypatch)
        text = " ".join(str(each.proto.text) for each in at.get("progress"))
        assert text == "Finding neighbours · 125 of 500 epochs · 50.0 epochs/s · 8 s left"
        at.button(key=f"explore_layout_{run}_stop").click().run()
        assert workspace.run(run).stop_requested()


def test_a_layout_that_was_started_here_can_be_shown_when_it_is_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = classified(tmp_path / "ws")
    with in_process():
        at = opened(workspace, monkeypatch)
        at.segmented_control(key="explore_layout_new_method").set_value("pca").run()
        at.button(key="explore_layout_new_start").click().run()
        at.run()
    (run,) = listing.list_runs(workspace, "layout")
    assert run.state == "finished"
    at.button(key="explore_layout_show").click().run()
    assert at.query_params["explore_layout"] == run.id


def test_the_chosen_layout_stands_in_the_url_without_the_camera_of_another(
    laid: Laid, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = opened(laid.workspace, monkeypatch, explore_camera="1", explore_frame="3")
    assert at.selectbox(key="explore_layouts").value == ""
    at.selectbox(key="explore_layouts").select(laid.layout.id).run()
    sound(at)
    assert at.query_params["explore_layout"] == laid.layout.id
    assert "explore_camera" not in at.query_params and "explore_frame" not in at.query_params
    figures = at.dataframe[0].value.iloc[0]
    assert figures["True"] == laid.layout.quality["trustworthiness"]
    assert figures["Labels, vectors"] == laid.layout.quality["neighbour_accuracy_vectors"]


def test_why_a_layout_failed_and_what_to_do_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = classified(tmp_path / "ws")
    with launchers.using(LauncherDouble()):
        run = requests.start(workspace, requests.LayoutRequest("classes"))
    workspace.run(run).write_status(RunStatus(state="failed", error="No room.", remedy="Free some space."))
    at = opened(workspace, monkeypatch)
    assert [(each.proto.title, each.value) for each in at.warning] == [("No room\\.", "Free some space\\.")]
    at.button(key=f"explore_layout_remove_{run}").click().run()
    assert not listing.list_runs(workspace, "layout")
    at.button(key="explore_layout_undo").click().run()
    assert [each.id for each in listing.list_runs(workspace, "layout")] == [run]


def test_a_removed_layout_leaves_the_map_and_comes_back_by_undo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = classified(tmp_path / "ws")
    layout = computed(workspace, method="pca").id
    at = opened(workspace, monkeypatch, layout=layout, explore_layout=layout)
    at.button(key="explore_layout_remove").click().run()
    assert "explore_layout" not in at.query_params
    assert not listing.list_runs(workspace, "layout")
    at.button(key="explore_layout_undo").click().run()
    assert [each.id for each in listing.list_runs(workspace, "layout")] == [layout]


def test_items_that_came_later_are_placed_on_the_layout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = classified(tmp_path / "ws")
    layout = computed(workspace, method="pca").id
    at = opened(workspace, monkeypatch, layout=layout, explore_layout=layout)
    assert "explore_layout_extend" not in {each.key for each in at.button}
    workspace.items.append("classes", items(7, seed=3, first=91)[1:])
    dataset_cache.changed()
    with in_process():
        at = opened(workspace, monkeypatch, layout=layout, explore_layout=layout)
        assert at.button(key="explore_layout_extend").label == "Place 6 new items"
        at.button(key="explore_layout_extend").click().run()
        at.button(key="explore_layout_show").click().run()
    sound(at)
    grown = layouts.read(workspace, "".join(at.query_params["explore_layout"]))
    assert len(grown.rows) == 96 and np.isfinite(grown.places).all()


@pytest.mark.parametrize("fixed", [False, True])
def test_clusters_are_found_when_asked_for_and_named_by_their_words(
    laid: Laid, monkeypatch: pytest.MonkeyPatch, fixed: bool
) -> None:
    at = opened(laid.workspace, monkeypatch, layout="" if fixed else laid.layout.id)
    assert len(at.dataframe) == 1  # the figures of the layouts alone
    at.number_input(key="explore_clusters_size").set_value(10)
    at.button(key="explore_clusters_find").click().run()
    sound(at)
    assert at.query_params["explore_clusters"] == "10"
    assert at.query_params["explore_colour"] == "layout:cluster"
    assert "3 clusters" in said(at)
    table = at.dataframe[1].value
    found = table[table["Cluster"] != "In no cluster"]
    assert {word for name in found["Cluster"] for word in ("apple", "violin", "harbour") if word in name} == {
        "apple", "violin", "harbour",
    }  # fmt: skip
    assert table["Items"].sum() == 90 and table["Share"].sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("reading", "column"), [("outliers", "Outlier factor"), ("trust", "Neighbours true")]
)
def test_items_apart_and_items_beside_strangers_are_listed(
    laid: Laid, monkeypatch: pytest.MonkeyPatch, reading: str, column: str
) -> None:
    at = opened(laid.workspace, monkeypatch, explore_reading=reading)
    listed = at.dataframe[1].value
    assert len(listed) == 30 and list(listed) == [column, "Item", "Label"]
    values = listed[column]
    assert values.is_monotonic_decreasing if reading == "outliers" else values.is_monotonic_increasing


def test_many_points_are_compared_only_when_asked(laid: Laid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown_reading, "AT_ONCE", 50)
    at = opened(laid.workspace, monkeypatch, layout=laid.layout.id, explore_reading="trust")
    assert len(at.dataframe) == 1
    at.button(key="explore_compute_trust").click().run()
    sound(at)
    assert len(at.dataframe[1].value) == 30


def test_the_norm_is_set_against_a_label_or_a_figure(laid: Laid, monkeypatch: pytest.MonkeyPatch) -> None:
    at = opened(laid.workspace, monkeypatch, explore_reading="norm")
    assert at.selectbox(key="pick_explore_norm_by").value == "label"
    assert "middle half of each class; 90 points" in said(at)
    at.selectbox(key="pick_explore_norm_by").set_value("density").run()
    sound(at)
    assert "(Spearman) of 90 points" in said(at) and at.query_params["explore_norm_by"] == "density"
