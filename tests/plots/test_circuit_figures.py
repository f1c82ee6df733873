"""What a circuit can express and what noise leaves, as Plotly draws it."""

from __future__ import annotations

import numpy as np

from qlatent.plots import circuit_figures as plots


def test_fidelities_have_the_level_of_random_states() -> None:
    figure = plots.fidelities(np.array([0.5, 0.25, 0.25, 0.0]))
    assert list(figure.data[0].y) == [0.5, 0.25, 0.25, 0.0]
    assert figure.layout.shapes[0].y0 == 0.25


def test_variances_are_on_a_log_scale_and_zero_stays_drawable() -> None:
    figure = plots.variances([2, 3], *np.array([[0.1, 0.0], [0.05, 0.0], [0.2, 0.0]]), axis="qubits")
    assert figure.layout.yaxis.type == "log"
    assert min(figure.data[0].y) > 0
    np.testing.assert_allclose(figure.data[0].error_y.array, [0.1, 0.0])


def test_spectrum_has_a_bar_a_frequency() -> None:
    figure = plots.spectrum(np.array([0, 0.5, 1]), np.array([0.1, 0, 0.2]), np.array([0.3, 0, 0.2]))
    np.testing.assert_allclose(figure.data[0].error_y.array, [0.2, 0, 0])
    assert figure.layout.xaxis.title.text == "frequency ω"


def test_repeated_boxes_stand_under_their_observable() -> None:
    sampled = np.array([[0.1, -0.2], [0.3, -0.4], [0.2, -0.3]])
    figure = plots.repeated(np.array([0.2, -0.3]), sampled, sampled / 2, names=["Z0", "Z1"], shots=1024)
    first = figure.data[0]
    assert [y for x, y in zip(first.x, first.y, strict=True) if x == "Z1"] == [-0.2, -0.4, -0.3]
    assert [trace.name for trace in figure.data] == ["1,024 shots", "1,024 shots with noise", "exact"]
