"""The page Explore: how the map is read, by norm, density, clusters, trust and tours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from qlatent.services.datasets import datasets
from qlatent.services.workspaces import open_workspace
from tests.pages.conftest import Furnished

Open = Callable[..., AppTest]


def said(at: AppTest) -> str:
    return " ".join(each.value for each in at.caption)


def test_the_norm_is_drawn_as_radius_or_axis_and_said(opened: Open, furnished: Furnished) -> None:
    at = opened(
        furnished.workspace.path, "explore", run=furnished.run, explore_norm="radius", explore_shape="2"
    )
    assert at.segmented_control(key="switch_explore_norm").value == "radius"
    assert "as far from the middle as its norm ‖z‖; rings at" in said(at)
    assert "Shown by the axes" not in {metric.label for metric in at.metric}
    at.segmented_control(key="switch_explore_norm").set_value("axis").run()
    assert "The second axis is the norm ‖z‖; lines at" in said(at)
    at.segmented_control(key="switch_explore_norm").set_value("").run()
    assert "explore_norm" not in at.query_params and "‖z‖" not in said(at)


def test_a_tour_is_started_told_and_left_by_one_click(opened: Open, furnished: Furnished) -> None:
    at = opened(
        furnished.workspace.path, "explore", run=furnished.run, explore_frame="1", explore_show="text"
    )
    at.button(key="explore_tour_norm").click().run()
    assert not at.exception and not at.error
    assert at.query_params["explore_tour"] == "norm.1" and "explore_frame" not in at.query_params
    assert "planes of the latents at step" in said(at) and "nothing is trained between them" in said(at)
    assert {"Shown by the axes", "Norm told"} <= {metric.label for metric in at.metric}
    at.button(key="explore_tour_leave").click().run()
    assert "explore_tour" not in at.query_params and at.query_params["explore_frame"] == "1"
    assert not at.exception and "planes of" not in said(at)


def test_a_tour_in_a_link_opens_and_one_that_is_none_is_left_out(opened: Open, furnished: Furnished) -> None:
    chosen = {"dataset": furnished.pairs, "explore_encoder": "given"}
    at = opened(furnished.workspace.path, "explore", explore_tour="labels.7", row="1", **chosen)
    assert not at.error and "planes of the vectors" in said(at)
    at = opened(furnished.workspace.path, "explore", explore_tour="sideways.1", **chosen)
    assert not at.error and len(at.get("bidi_component")) == 1 and "planes of" not in said(at)


def test_what_identical_points_cannot_show_is_said_and_the_map_stays(opened: Open, tmp_path: Path) -> None:
    np.savez(tmp_path / "same.npz", text=np.ones((5, 4), dtype=np.float32))
    with open_workspace(tmp_path / "workspace") as workspace:
        datasets.store(workspace, tmp_path / "same.npz", name="Same")
    at = opened(tmp_path / "workspace", "explore", explore_tour="norm.0")
    assert [each.value for each in at.error] == ["Take a grand tour\\."] and len(
        at.get("bidi_component")
    ) == 1
    at.button(key="explore_tour_leave").click().run()
    at.segmented_control(key="switch_explore_norm").set_value("axis").run()
    assert not at.error and not at.exception and "All norms are equal" in said(at)
    for colour in ("layout:cluster", "layout:trust"):
        at.selectbox(key="explore_colours").set_value(colour).run()
        assert not at.error and not at.exception


def test_density_lines_are_switched_on_in_the_plane_and_stand_in_the_url(
    opened: Open, furnished: Furnished
) -> None:
    at = opened(furnished.workspace.path, "explore", run=furnished.run, explore_shape="3")
    assert "explore_density_lines" not in {each.key for each in at.toggle}
    at.segmented_control(key="switch_explore_shape").set_value("2").run()
    at.toggle(key="explore_density_lines").set_value(True).run()
    assert not at.exception and at.query_params["explore_lines"] == "density"
    assert "Lines surround the densest" in said(at)


def test_classes_that_no_plane_keeps_apart_are_said_with_the_way_to_another_layout(
    opened: Open, tmp_path: Path
) -> None:
    kind = np.arange(480) % 24
    vectors = np.eye(24)[kind] + 0.05 * np.random.default_rng(0).normal(size=(480, 24))
    np.savez(tmp_path / "many.npz", text=vectors.astype(np.float32), label=kind.astype(str))
    with open_workspace(tmp_path / "workspace") as workspace:
        datasets.store(workspace, tmp_path / "many.npz", name="Many")
    found = said(opened(tmp_path / "workspace", "explore"))
    assert "100% in the vectors" in found and "UMAP in the tab Map often can" in found
