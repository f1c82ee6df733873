"""Figures of pairs of views, and of the reproduced accuracies: what is drawn are the numbers given."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.plots import image_views
from qlatent.plots.reproduction import Course, accuracies


def test_the_distance_and_its_parts_are_lines_against_the_step() -> None:
    columns = {
        "step": np.array([0, 9]),
        **{name: np.array([0.1, 0.2]) * n for n, name in enumerate(image_views.PARTS)},
    }
    figure = image_views.hilbert_schmidt(columns)
    assert [trace.name.split(",")[0] for trace in figure.data] == [
        "D = tr (ρ − σ)²",
        "tr ρ²",
        "tr σ²",
        "tr ρσ",
    ]
    np.testing.assert_allclose(figure.data[3].y, [0.3, 0.6])
    np.testing.assert_allclose(figure.data[0].x, [1, 10])  # a logarithm has no zero


def test_of_many_basis_states_those_likeliest_in_either_view_are_drawn() -> None:
    chances = np.full((2, 64), 0.001)
    chances[0, 5], chances[1, 62] = 0.9, 0.8
    figure = image_views.states(chances)
    names = list(figure.data[0].x)
    assert len(names) == image_views.MOST_STATES
    assert {"000101", "111110"} <= set(names)
    assert figure.data[1].y[names.index("111110")] == 0.8


def test_representations_stand_beside_each_other() -> None:
    figure = image_views.latents(np.array([[0.1, -0.2], [0.3, 0.4]]))
    assert list(figure.data[0].x) == ["z1", "z2"]
    assert [list(trace.y) for trace in figure.data] == [[0.1, -0.2], [0.3, 0.4]]


@pytest.mark.parametrize(("published", "lines"), [((), 1), ((40.0, 46.0), 2)])
def test_published_means_are_drawn_dashed_where_there_are_any(
    published: tuple[float, ...], lines: int
) -> None:
    figure = accuracies([Course("Ring", (40, 176), (41.0, 47.0), (1.0, 2.0), published)])
    assert len(figure.data) == lines
    assert list(figure.data[0].error_y.array) == [1.0, 2.0]
    if published:
        assert figure.data[1].line.dash == "dash"
        assert figure.data[1].line.color == figure.data[0].line.color
