"""The layouts of the page Explore: of a run's frames, and what is read on a layout or the fixed axes as colours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from qlatent.services.runs import frames, launchers, listing
from qlatent.services.runs.specs import Layout
from qlatent.services.training.request import TrainingRequest
from qlatent.ui.explore import addresses
from qlatent.ui.layouts import addresses as of_panel
from tests.carried_out import trained
from tests.launchers import LauncherDouble
from tests.services.layouts.laid_out import classified, computed

Open = Callable[..., AppTest]


def test_a_layout_colours_the_map_by_cluster_trust_and_outlier_factor(opened: Open, tmp_path: Path) -> None:
    workspace = classified(tmp_path / "ws")
    layout = computed(workspace, method="pca").id
    for by in ("layout:cluster", "layout:trust", "layout:outlier"):
        at = opened(
            workspace.path, "explore", dataset="classes", explore_encoder="given", explore_layout=layout,
            explore_tab="map", explore_colour=by,
        )  # fmt: skip
        assert at.selectbox(key="explore_colours").value == by
        assert len(at.get("bidi_component")) == 1 and not at.error
        assert at.selectbox(key="explore_layouts").value == layout
    at.button(key="explore_fixed").click().run()
    assert at.selectbox(key="explore_colours").value == "layout:outlier" and not at.error


def test_all_frames_of_a_run_or_the_shown_one_are_laid_out(opened: Open, tmp_path: Path) -> None:
    workspace = classified(tmp_path / "ws")
    settings = {"epochs": 2, "batch_size": 16, "dim": 3, "snapshots": 5}
    run = trained(workspace, TrainingRequest("classes", head="mlp", settings=settings))
    steps = frames.frame_steps(workspace, run)
    with launchers.using(LauncherDouble()):
        at = opened(workspace.path, "explore", run=run, explore_tab="map", explore_frame="1")
        at.toggle(key="explore_layout_new_shown").set_value(True).run()
        at.button(key="explore_layout_new_start").click().run()
        at.segmented_control(key="explore_layout_new_method").set_value("aligned").run()
        assert f"All {len(steps)} frames of 90 items" in " ".join(each.value for each in at.caption)
        at.button(key="explore_layout_new_start").click().run()
        assert not at.exception and not at.error
    specs = [each.spec for each in listing.list_runs(workspace, "layout")]
    found = {(each.method, each.step, each.modality) for each in specs if isinstance(each, Layout)}
    assert found == {("umap", steps[1], "text"), ("aligned", None, "text")}


def test_another_map_forgets_what_was_read_on_this_one() -> None:
    names = {f"{addresses.PAGE}_{name}" for name in (of_panel.LAYOUT, *of_panel.OF_A_LAYOUT)}
    assert names <= set(addresses.OF_A_MAP)
