"""Norms against numbers and in classes: what is drawn is what was given, names as they are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from qlatent.plots.norms import against_numbers, in_classes


def test_each_pair_is_a_dot() -> None:
    figure = against_numbers(np.array([1.0, 2.0]), np.array([3.0, 5.0]), x="<b>price</b>")
    assert figure.data[0].x.tolist() == [1.0, 2.0] and figure.data[0].y.tolist() == [3.0, 5.0]
    assert figure.layout.xaxis.title.text == "&lt;b&gt;price&lt;/b&gt;"


def test_each_class_is_a_line_between_its_quartiles() -> None:
    spread = {"quarter": [1.0, 4.0], "middle": [2.0, 5.0], "three_quarters": [4.0, 5.5]}
    table = pd.DataFrame({"name": ["<i>a</i>", "b"], "items": [7, 2], **spread})
    figure = in_classes(table)
    (trace,) = figure.data
    assert list(figure.layout.yaxis.ticktext) == ["&lt;i&gt;a&lt;/i&gt;", "b"]
    assert list(trace.x) == [2.0, 5.0]
    assert list(trace.error_x.array) == [2.0, 0.5] and list(trace.error_x.arrayminus) == [1.0, 1.0]
