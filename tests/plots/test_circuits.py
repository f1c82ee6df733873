import numpy as np

from qlatent.plots import circuits


def test_every_wire_has_an_arrow_from_the_centre_to_its_vector() -> None:
    vectors = np.array([[0.0, 0.0, 1.0], [0.5, -0.5, 0.1]])
    arrows = [trace for trace in circuits.bloch(vectors).data if trace.name]
    assert [trace.name for trace in arrows] == ["q0", "q1"]
    tips = [[trace.x[1], trace.y[1], trace.z[1]] for trace in arrows]
    np.testing.assert_array_equal(tips, vectors)


def test_basis_states_are_named_with_wire_0_leftmost() -> None:
    bars = circuits.probabilities(np.array([0.1, 0.2, 0.3, 0.4])).data[0]
    assert list(bars.x) == ["00", "01", "10", "11"]
    assert list(bars.y) == [0.1, 0.2, 0.3, 0.4]


def test_of_many_states_the_likeliest_are_shown_in_order() -> None:
    values = np.linspace(0, 1, 256) / 128
    bars = circuits.probabilities(values).data[0]
    assert len(bars.x) == 64
    assert list(bars.x) == [format(place, "08b") for place in range(192, 256)]


def test_entropies_are_bars_by_wire() -> None:
    bars = circuits.entropies(np.array([0.0, 1.0, 0.5])).data[0]
    assert list(bars.x) == ["q0", "q1", "q2"]
    assert list(bars.y) == [0.0, 1.0, 0.5]
