"""Agreement curves: each space a line over logarithmic k, names shown as they are, chance marked."""

from __future__ import annotations

import numpy as np

from qlatent.plots.agreement import agreement

K = np.array([1.0, 2.0, 3.0])


def test_each_space_is_a_line_over_logarithmic_k_beside_chance() -> None:
    figure = agreement([("1 · <b>a</b>", K, K / 4), ("2 · b", K, K / 8)])
    assert [trace.name for trace in figure.data] == ["1 · &lt;b&gt;a&lt;/b&gt;", "2 · b"]
    np.testing.assert_array_equal(figure.data[1].y, K / 8)
    assert figure.layout.xaxis.type == "log"
    assert (figure.layout.shapes[0].y0, figure.layout.annotations[0].text) == (0, "chance")
