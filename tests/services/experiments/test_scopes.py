"""Over what a figure of an experiment is, and which of several comes first."""

from __future__ import annotations

from qlatent.report import experiment as report
from qlatent.services.experiments import comparison, scopes
from tests.services.experiment_workspace import rows

# together the gap makes both heads alike; within, one of them keeps more
TOGETHER = rows(acqua=[0.90, 0.91, 0.90], pca=[0.91, 0.90, 0.91])
WITHIN = rows("spearman_within", acqua=[0.8, 0.82, 0.81], pca=[0.5] * 3)
PAIRS = TOGETHER + rows("pair_error", acqua=[0.1] * 3, pca=[0.1] * 3) + WITHIN
SINGLE = TOGETHER + rows("pair_error", acqua=[None] * 3, pca=[None] * 3)


def test_titles_say_that_a_figure_is_over_both_where_there_are_two() -> None:
    assert report.titled(PAIRS, "spearman") == "Spearman of distances, images and texts together"
    assert report.titled(SINGLE, "spearman") == "Spearman of distances"
    assert report.titled(PAIRS, "recall_at_1") == report.titled(SINGLE, "recall_at_1") == "Image–text R@1"
    assert report.titled(PAIRS, "spearman_within") == "Spearman of distances, mean of images and texts"
    assert comparison.better("stress_within") == "lower" and comparison.better("stress_typo") == ""


def test_the_mean_within_comes_first_where_it_was_measured() -> None:
    names = ("spearman", "recall_at_10")
    assert scopes.preferred(names, PAIRS) == ["spearman_within", "recall_at_10"]
    assert scopes.preferred(names, SINGLE) == list(names)
    undefined = rows("spearman_within", acqua=[None])
    assert scopes.preferred(names, TOGETHER + undefined) == list(names)


def test_the_best_and_the_answer_are_those_within() -> None:
    columns, lines = report.metrics_table(PAIRS, ["spearman", "spearman_within"])
    assert columns[3:] == [
        "Spearman of distances, images and texts together",
        "Spearman of distances, within",
    ]
    assert report.explained(["spearman_within"]) == f" {report.WITHIN}" and not report.explained(["spearman"])
    assert [cell.startswith("**") for cell in lines[0][3:]] == [False, True]
    assert "Spearman of distances, mean of images and texts: higher by 0.310" in report.answer(PAIRS)[0]
    assert {each["metric"] for each in PAIRS} & set(scopes.contrasted(PAIRS)) == {
        "spearman", "spearman_within", "pair_error",
    }  # fmt: skip


def test_a_table_knows_whether_figures_within_are_missing() -> None:
    assert not scopes.lacks_within(PAIRS) and not scopes.lacks_within(SINGLE)
    assert scopes.lacks_within(
        [row for row in PAIRS if (row["metric"], row["seed"]) != ("spearman_within", 1)]
    )
    assert scopes.lacks_within(
        PAIRS + rows("cka", acqua=[0.1] * 3, pca=[0.1] * 3)
    )  # added by a later version
    value = {"value": 0.1}
    assert scopes.is_of_pairs_only_together({scopes.OF_PAIRS: value, "spearman": value})
    assert not scopes.is_of_pairs_only_together(
        {scopes.OF_PAIRS: value, "spearman": value, "spearman_within": value}
    )
    assert not scopes.is_of_pairs_only_together({scopes.OF_PAIRS: {"value": None}, "spearman": value})
