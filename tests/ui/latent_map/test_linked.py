"""Linked maps: one legend for the same colours, another where they mean something else."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.layout.quantised import quantise
from qlatent.ui.latent_map.linked import legends
from qlatent.ui.latent_map.point_map import Classes, PointMap, Ramp, classes, ramp

KINDS, NORMS = classes(["a", "b"], label="kind"), ramp([1.0, 2.0], label="norm", span=(0, 2))


@pytest.mark.parametrize(
    ("colours", "shown"),
    [
        ([KINDS, KINDS, classes(["b", "a"], label="kind")], [True, False, False]),
        ([KINDS, classes(["a", "b"], label="seller"), KINDS], [True, True, False]),
        ([NORMS, ramp([2.0, 1.0], label="norm", span=(0, 2))], [True, False]),
        ([NORMS, ramp([1.0, 2.0], label="norm", span=(0, 9)), KINDS], [True, True, True]),
    ],
)
def test_a_legend_stands_once_for_colours_that_mean_the_same(
    colours: list[Classes | Ramp], shown: list[bool]
) -> None:
    places = quantise(np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert legends([PointMap(places, each) for each in colours]) == shown
