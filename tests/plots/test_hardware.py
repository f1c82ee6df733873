"""The figures of the page Hardware."""

from __future__ import annotations

import numpy as np

from qlatent.plots import hardware


def test_the_chosen_qubits_and_errors_stand_on_the_map_of_a_device() -> None:
    pairs = {(0, 1): 0.01, (1, 2): 0.02, (2, 3): 0.3}
    places = np.array([[0, 0], [1, 0], [2, 0], [2, 1.0]])
    readout = [0.01, 0.02, 0.03, float("nan")]
    figure = hardware.device(pairs, readout, places=places, chosen=(0, 1, 2), used=((0, 1), (1, 2)))
    orange = [each for each in figure.data if each.mode == "lines" and each.line.width == 6]
    assert len(orange) == 1 and np.isnan(orange[0].x).sum() == 2  # two edges
    (dots,) = [each for each in figure.data if each.marker.colorbar.title.text]
    edges = dots.marker.line.color
    np.testing.assert_array_equal(np.transpose([dots.x, dots.y]), places)
    assert len(set(edges[:3])) == 1 and edges[3] not in edges[:3]
    said = [text for each in figure.data for text in each.text or ()]
    assert "2–3: gate error 30 %" in said and "qubit 1: readout error 2 %" in said


def test_a_qubit_with_one_value_has_a_bias_without_a_slope() -> None:
    figure = hardware.qubits([0.9, float("nan")], [0.01, 0.2])
    slope, bias = figure.data
    assert list(slope.y) == [0.9, None] and list(bias.y) == [0.01, 0.2]
