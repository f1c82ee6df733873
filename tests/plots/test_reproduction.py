"""Accuracy against training batches: measured lines with their spread, published ones dashed."""

from __future__ import annotations

from qlatent.plots.reproduction import Course, accuracies


def test_published_means_are_dashed_in_the_colour_of_their_variant() -> None:
    measured = Course("ring", (40, 92), (40.0, 45.0), (1.0, 2.0), (41.0, 46.0))
    figure = accuracies([measured, Course("own", (40, 92), (30.0, 31.0), (0, 0))])
    ring, published, own = figure.data
    assert [each.name for each in figure.data] == ["ring", "ring, published", "own"]
    assert (list(ring.x), list(ring.y)) == ([40, 92], [40, 45])
    assert list(ring.error_y.array) == [1, 2]
    assert list(published.y) == [41, 46]
    assert (published.line.dash, ring.line.dash) == ("dash", None)
    assert published.line.color == ring.line.color != own.line.color
    assert published.legendgroup == ring.legendgroup  # one click hides both


def test_axes_say_what_they_measure() -> None:
    figure = accuracies([])
    assert figure.layout.xaxis.title.text == "training batches"
    assert figure.layout.yaxis.title.text == "linear probe, accuracy (%)"
