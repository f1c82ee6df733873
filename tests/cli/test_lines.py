"""What commands print about a run."""

from __future__ import annotations

from qlatent.cli.lines import metric_lines


def test_figures_of_a_run_have_titles_and_those_over_both_modalities_come_last() -> None:
    found = {
        "spearman": 0.77,
        "spearman_text": 0.5,
        "pair_error": 0.25,
        "heldout_pairs": 1400.0,
        "odd": 1.5,
        "note": "",
    }
    lines = [line.split("  ") for line in metric_lines(found)]
    assert [(line[1], line[-1].strip()) for line in lines] == [
        ("Spearman of distances, texts", "0.5000"),
        ("Mean |d_x − d_z| of matched pairs", "0.2500"),
        ("Rows held out", "1,400"),
        ("odd", "1.5000"),
        ("Spearman of distances, images and texts together", "0.7700"),
    ]
