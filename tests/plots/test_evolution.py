"""The moving map: one frame a step, fixed axes, one colour scale over the run."""

from __future__ import annotations

import base64
import dataclasses

import numpy as np
import pytest

from qlatent.plots.colours import GREY
from qlatent.plots.evolution import Look, Points, evolution_map

STEPS = [0, 1, 10, 100]


@pytest.fixture
def points() -> Points:
    rng = np.random.default_rng(0)
    xy = {name: rng.normal(size=(len(STEPS), 30, 2)).astype(np.float32) for name in ("image", "text")}
    norms = {name: np.linalg.norm(part, axis=2) for name, part in xy.items()}
    labels = ["<b>chair</b>"] * 15 + ["lamp"] * 10 + [None] * 5
    return Points(STEPS, xy, norms, np.arange(100, 130), (0.1, 2.0), labels)


def decoded(array: dict[str, str]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype="<" + array["dtype"])


def test_there_is_a_frame_a_step_named_by_its_number(points: Points) -> None:
    figure = evolution_map(points).to_dict()
    assert [frame["name"] for frame in figure["frames"]] == ["0", "1", "2", "3"]


def test_a_frame_holds_that_steps_coordinates_and_norms_as_float32(points: Points) -> None:
    frame = evolution_map(points).to_dict()["frames"][2]
    image = frame["data"][0]
    assert image["x"]["dtype"] == "f4"
    np.testing.assert_array_equal(decoded(image["x"]), points.places["image"][2, :, 0])
    np.testing.assert_array_equal(decoded(image["marker"]["color"]), points.norms["image"][2])


def test_the_last_frame_is_drawn_first_unless_another_is_asked_for(points: Points) -> None:
    last = evolution_map(points).to_dict()["data"][1]
    first = evolution_map(points, Look(start=0)).to_dict()["data"][1]
    np.testing.assert_array_equal(decoded(last["y"]), points.places["text"][-1, :, 1])
    np.testing.assert_array_equal(decoded(first["y"]), points.places["text"][0, :, 1])


def test_axes_hold_every_point_of_every_frame_with_equal_aspect(points: Points) -> None:
    layout = evolution_map(points).to_dict()["layout"]
    everything = np.concatenate([part.reshape(-1, 2) for part in points.places.values()])
    for number, axis in enumerate(("xaxis", "yaxis")):
        low, high = layout[axis]["range"]
        assert low < everything[:, number].min() and everything[:, number].max() < high
    assert layout["yaxis"]["scaleanchor"] == "x"


def test_the_norm_scale_is_the_runs_and_its_bar_says_norm(points: Points) -> None:
    axis = evolution_map(points).to_dict()["layout"]["coloraxis"]
    assert (axis["cmin"], axis["cmax"]) == (0.1, 2.0)
    assert axis["colorbar"]["title"]["text"] == "norm ‖z‖"


def test_a_scale_each_frame_spans_that_frames_percentiles(points: Points) -> None:
    frames = evolution_map(points, Look(colour="frame")).to_dict()["frames"]
    norms = np.concatenate([points.norms["image"][1], points.norms["text"][1]])
    axis = frames[1]["layout"]["coloraxis"]
    np.testing.assert_allclose([axis["cmin"], axis["cmax"]], np.percentile(norms, (1, 99)), rtol=1e-6)


def test_images_and_texts_have_different_symbols_and_rows_as_customdata(points: Points) -> None:
    image, text = evolution_map(points).to_dict()["data"][:2]
    assert (image["marker"]["symbol"], text["marker"]["symbol"]) == ("circle", "diamond-open")
    np.testing.assert_array_equal(decoded(image["customdata"]), points.rows)


def test_hover_carries_no_text_of_the_items(points: Points) -> None:
    for trace in evolution_map(points).to_dict()["data"][:2]:
        assert "text" not in trace and "hovertext" not in trace
        assert "%{customdata}" in trace["hovertemplate"]


def test_the_legend_shows_each_kind_of_point_once_in_a_neutral_colour(points: Points) -> None:
    entries = [trace for trace in evolution_map(points).to_dict()["data"] if trace.get("showlegend", True)]
    assert [trace["name"] for trace in entries] == ["Images", "Texts"]
    assert all(trace["marker"]["color"] == GREY for trace in entries)


def test_labels_become_groups_with_escaped_names(points: Points) -> None:
    data = evolution_map(points, Look(colour="label")).to_dict()["data"]
    names = [trace["name"] for trace in data if trace["showlegend"]]
    assert names == ["&lt;b&gt;chair&lt;/b&gt;", "lamp", "other"]
    assert sum(len(decoded(trace["x"])) for trace in data) == 60


def test_joined_pairs_are_lines_with_gaps_that_move_too(points: Points) -> None:
    figure = evolution_map(points, Look(pairs=np.array([3, 7]))).to_dict()
    line = figure["data"][0]
    x = decoded(line["x"])
    assert line["mode"] == "lines" and np.isnan(x[[2, 5]]).all()
    np.testing.assert_array_equal(
        x[[0, 1]], [points.places["image"][-1, 3, 0], points.places["text"][-1, 3, 0]]
    )
    moved = decoded(figure["frames"][0]["data"][0]["x"])
    assert moved[3] == points.places["image"][0, 7, 0]
    assert figure["frames"][0]["traces"] == [0, 1, 2]


def test_without_animation_there_are_no_frames(points: Points) -> None:
    assert "frames" not in evolution_map(points, animated=False).to_dict()


def test_backgrounds_are_transparent(points: Points) -> None:
    layout = evolution_map(points).to_dict()["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0,0,0,0)"


@pytest.fixture
def space(points: Points) -> Points:
    rng = np.random.default_rng(1)
    places = {name: rng.normal(size=(len(STEPS), 30, 3)).astype(np.float32) for name in points.places}
    return dataclasses.replace(points, places=places)


def test_in_space_a_frame_holds_three_coordinates_and_every_trace_is_of_one_kind(space: Points) -> None:
    figure = evolution_map(space, Look(pairs=np.array([3]))).to_dict()
    assert {trace["type"] for trace in figure["data"]} == {"scatter3d"}
    image = figure["frames"][2]["data"][1]
    np.testing.assert_array_equal(decoded(image["z"]), space.places["image"][2, :, 2])


def test_in_space_axes_hold_every_point_of_every_frame_at_one_scale(space: Points) -> None:
    layout = evolution_map(space, Look(axes=("a", "b", "c"))).to_dict()["layout"]
    everything = np.concatenate([part.reshape(-1, 3) for part in space.places.values()])
    for number, axis in enumerate(("xaxis", "yaxis", "zaxis")):
        low, high = layout["scene"][axis]["range"]
        assert low < everything[:, number].min() and everything[:, number].max() < high
        assert layout["scene"][axis]["title"]["text"] == "abc"[number]
    assert layout["scene"]["aspectmode"] == "data"


def test_in_space_the_marks_of_a_picked_item_wait_outside_the_frames(space: Points) -> None:
    figure = evolution_map(space).to_dict()
    waiting = [number for number, trace in enumerate(figure["data"]) if "meta" in trace]
    assert [figure["data"][number]["meta"] for number in waiting] == ["way", "spot"]
    assert not set(waiting) & set(figure["frames"][0]["traces"])
