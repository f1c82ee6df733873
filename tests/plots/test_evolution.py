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
    ranges = {"image": (0.1, 2.0), "text": (0.5, 1.5)}
    return Points(STEPS, xy, norms, np.arange(100, 130), ranges, labels, heldout=np.arange(30) < 6)


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


def test_each_modality_has_the_norm_scale_of_its_run_and_its_bar_says_so(points: Points) -> None:
    figure = evolution_map(points).to_dict()
    image, text = figure["layout"]["coloraxis"], figure["layout"]["coloraxis2"]
    assert (image["cmin"], image["cmax"], text["cmin"], text["cmax"]) == (0.1, 2.0, 0.5, 1.5)
    assert [trace["marker"]["coloraxis"] for trace in figure["data"][:2]] == ["coloraxis", "coloraxis2"]
    assert [axis["colorbar"]["title"]["text"] for axis in (image, text)] == [
        "norm ‖z‖, images",
        "norm ‖z‖, texts",
    ]
    top, bottom = (axis["colorbar"] for axis in (image, text))
    assert top["y"] - top["len"] / 2 > bottom["y"] + bottom["len"] / 2  # the bars do not overlap


def test_one_modality_has_one_bar(points: Points) -> None:
    one = dataclasses.replace(points, places={"text": points.places["text"]})
    layout = evolution_map(one).to_dict()["layout"]
    assert (layout["coloraxis"]["cmin"], layout["coloraxis"]["colorbar"]["title"]["text"]) == (
        0.5,
        "norm ‖z‖",
    )
    assert "coloraxis2" not in layout


def test_a_scale_each_frame_spans_that_frames_percentiles(points: Points) -> None:
    frames = evolution_map(points, Look(colour="frame")).to_dict()["frames"]
    for name, axis in (("image", "coloraxis"), ("text", "coloraxis2")):
        got = frames[1]["layout"][axis]
        np.testing.assert_allclose(
            [got["cmin"], got["cmax"]], np.percentile(points.norms[name][1], (1, 99)), rtol=1e-6
        )


def test_parts_and_modalities_have_colours_of_their_own(points: Points) -> None:
    data = evolution_map(points, Look(colour="part")).to_dict()["data"]
    assert [trace["name"] for trace in data if trace["showlegend"]] == ["training", "held out"]
    assert sorted(len(decoded(trace["x"])) for trace in data) == [6, 6, 24, 24]
    assert len({trace["marker"]["color"] for trace in data}) == 2
    data = evolution_map(points, Look(colour="modality")).to_dict()["data"]
    assert [trace["name"] for trace in data if trace["showlegend"]] == ["Images", "Texts"]
    assert len({trace["marker"]["color"] for trace in data}) == 2


def test_axes_show_the_extent_that_is_given(points: Points) -> None:
    fitted = dataclasses.replace(points, extent=np.array([[-1.0, 1.0], [0.0, 0.5]]))
    layout = evolution_map(fitted).to_dict()["layout"]
    assert layout["xaxis"]["range"] == pytest.approx([-1.12, 1.12])
    assert layout["yaxis"]["range"] == pytest.approx([-0.12, 0.62])


def test_zoom_is_kept_while_the_axes_are_the_same_only(points: Points) -> None:
    other = dataclasses.replace(points, extent=np.array([[-1.0, 1.0], [0.0, 0.5]]))
    kept = [
        evolution_map(each, look).to_dict()["layout"]["uirevision"]
        for each, look in ((points, None), (points, Look(colour="label")), (other, None))
    ]
    assert kept[0] == kept[1] != kept[2]


def test_places_that_are_not_numbers_and_identical_points_are_drawn_without_a_warning(points: Points) -> None:
    spoilt = {name: np.full_like(each, np.nan) for name, each in points.places.items()}
    norms = {name: np.full_like(each, np.nan) for name, each in points.norms.items()}
    nothing = dataclasses.replace(points, places=spoilt, norms=norms)
    assert evolution_map(nothing, Look(colour="frame")).to_dict()["layout"]["xaxis"]["range"] == [-1e-3, 1e-3]
    same = {name: np.ones_like(each) for name, each in points.places.items()}
    low, high = evolution_map(dataclasses.replace(points, places=same)).to_dict()["layout"]["yaxis"]["range"]
    assert low < 1.0 < high


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
        assert layout["scene"]["aspectratio"]["xyz"[number]] / (high - low) == pytest.approx(
            layout["scene"]["aspectratio"]["x"] / np.ptp(layout["scene"]["xaxis"]["range"])
        )


@pytest.mark.parametrize("shape", [(1.0, 1.0, 1.0), (10.0, 1.0, 0.1), (0.1, 5.0, 5.0)])
def test_the_camera_sees_the_whole_box_at_any_shape_and_is_not_far_from_it(
    space: Points, shape: tuple[float, float, float]
) -> None:
    """Half of the field of view of Plotly's camera is 22.5 degrees; the half diagonal of the box must fit in it."""
    extent = np.array([[-half, half] for half in shape])
    scene = evolution_map(dataclasses.replace(space, extent=extent)).to_dict()["layout"]["scene"]
    radius = np.linalg.norm(list(scene["aspectratio"].values())) / 2
    distance = np.linalg.norm(list(scene["camera"]["eye"].values()))
    assert 2.0 < distance / radius < 1 / np.sin(np.deg2rad(22.5))


def test_in_space_the_marks_of_a_picked_item_wait_outside_the_frames(space: Points) -> None:
    figure = evolution_map(space).to_dict()
    waiting = [number for number, trace in enumerate(figure["data"]) if "meta" in trace]
    assert [figure["data"][number]["meta"] for number in waiting] == ["way", "spot"]
    assert not set(waiting) & set(figure["frames"][0]["traces"])
