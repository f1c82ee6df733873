"""Heads over the share of the training queries: places, intervals, and the untrained head on a logarithmic axis."""

from __future__ import annotations

import pytest

from qlatent.plots.scarcity import UNTRAINED, Growth, growth


def test_intervals_reach_to_both_sides_and_share_0_has_a_place() -> None:
    [line] = growth([Growth("a", (0, 0.25, 1), (0.2, 0.5, 0.9), (0.1, 0.3, 0.85), (0.4, 0.6, 0.95))]).data
    assert list(line.error_y.array) == pytest.approx([0.2, 0.1, 0.05])
    assert list(line.error_y.arrayminus) == pytest.approx([0.1, 0.2, 0.05])
    assert line.x[0] == pytest.approx(UNTRAINED, rel=0.05)
    assert list(line.customdata) == ["untrained", "25%", "100%"]


def test_intervals_of_several_heads_do_not_hide_each_other() -> None:
    same = ((0.5, 1), (0.5, 0.6), (0.4, 0.5), (0.6, 0.7))
    figure = growth([Growth("a", *same), Growth("b", *same)], measure="MRR")
    first, second = (each.x[0] for each in figure.data)
    assert first != second
    assert second / first == pytest.approx(1.03)
    assert figure.layout.yaxis.title.text == "MRR"


def test_ticks_are_the_shares_of_all_heads() -> None:
    figure = growth(
        [Growth("a", (0,), (0.5,), (0.4,), (0.6,)), Growth("b", (1, 0.1), (0, 0), (0, 0), (0, 0))]
    )
    assert list(figure.layout.xaxis.tickvals) == [UNTRAINED, 0.1, 1]
    assert list(figure.layout.xaxis.ticktext) == ["none", "10%", "100%"]
    assert figure.layout.xaxis.type == "log"
