"""A map that plays without a page: its slider names the steps, and the ring follows the item."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from qlatent.plots import playing
from qlatent.plots.evolution import Look, Points, evolution_map

STEPS = [0, 10, 200]


def drawn(frames: int = 3) -> tuple[go.Figure, np.ndarray]:
    places = np.random.default_rng(0).normal(size=(frames, 5, 2)).astype(np.float32)
    norms = np.ones((frames, 5), np.float32)
    points = Points(
        STEPS[:frames],
        {"text": places},
        {"text": norms},
        np.arange(5),
        {"text": (0.0, 1.0)},
        names=["a", "b<i>", "c", "d", "e"],
    )
    return evolution_map(points, Look(start=1 if frames > 1 else 0)), places


def test_the_slider_has_a_stop_for_each_step_and_stands_at_the_frame() -> None:
    figure, _ = drawn()
    playing.add_slider(figure, STEPS, start=1)
    (slider,) = figure.layout.sliders
    assert [each.label for each in slider.steps] == ["0", "10", "200"]
    assert [list(each.args[0]) for each in slider.steps] == [["0"], ["1"], ["2"]]
    assert slider.active == 1
    assert [each.label for each in figure.layout.updatemenus[0].buttons] == ["▶", "❚❚"]


def test_one_frame_has_nothing_to_play() -> None:
    figure, _ = drawn(1)
    playing.add_slider(figure, STEPS[:1])
    assert not figure.layout.sliders and not figure.layout.updatemenus


def test_the_ring_is_where_the_item_is_in_every_frame() -> None:
    figure, places = drawn()
    playing.add_ring(figure, places[:, 3:4], start=1)
    ring = figure.data[-1]
    assert (ring.x[0], ring.y[0]) == tuple(places[1, 3])
    for number, frame in enumerate(figure.frames):
        assert frame.traces[-1] == len(figure.data) - 1
        assert (frame.data[-1].x[0], frame.data[-1].y[0]) == tuple(places[number, 3])


def test_a_point_has_the_name_of_its_item() -> None:
    figure, _ = drawn()
    points = next(trace for trace in figure.data if trace.customdata is not None)
    assert list(points.text) == ["a", "b&lt;i&gt;", "c", "d", "e"]
    assert points.hovertemplate.startswith("text · %{text}")
