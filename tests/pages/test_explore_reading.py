"""The page Explore: how the map is read, by norm, density, clusters, trust and tours."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

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
