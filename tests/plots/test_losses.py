"""Loss parts side by side: training as a line, held-out pairs as marks."""

from __future__ import annotations

import numpy as np

from qlatent.plots.losses import MOST, losses

STEP = np.arange(10.0)
TRAIN = {"step": STEP, "total": STEP + 3, "reconstruction_image": STEP + 1, "pair_distance": STEP + 2}


def test_each_part_that_is_there_gets_a_panel_with_its_name() -> None:
    figure = losses(TRAIN).to_dict()
    titles = [note["text"] for note in figure["layout"]["annotations"]]
    assert titles == ["Total", "Image reconstruction", "Pair distance"]
    assert len(figure["data"]) == 3


def test_heldout_values_stand_in_the_panel_of_their_part() -> None:
    figure = losses(TRAIN, {"step": STEP[:2], "pair_distance": STEP[:2]}).to_dict()
    held = [trace for trace in figure["data"] if trace["legendgroup"] == "heldout"]
    own = [trace for trace in figure["data"] if trace["legendgroup"] == "train"][2]
    assert [trace["xaxis"] for trace in held] == [own["xaxis"]]


def test_a_log_axis_is_asked_for_by_name() -> None:
    assert losses(TRAIN, log=True).layout.yaxis.type == "log"
    assert losses(TRAIN).layout.yaxis.type == "linear"


def test_long_lines_are_thinned_and_keep_both_ends() -> None:
    steps = np.arange(10 * MOST, dtype=float)
    drawn = losses({"step": steps, "total": steps + 1}).data[0]
    assert len(drawn.x) <= MOST and (drawn.x[0], drawn.x[-1]) == (0, 10 * MOST - 1)
    np.testing.assert_array_equal(drawn.y, drawn.x + 1)


def test_the_legend_names_each_kind_of_line_once() -> None:
    figure = losses(TRAIN, TRAIN).to_dict()
    assert sum(bool(trace["showlegend"]) for trace in figure["data"]) == 2
