"""The report of an experiment: its answer, its tables, and the lines and bars of its figures."""

from __future__ import annotations

import math

import pytest

from qlatent.report import experiment as report
from qlatent.services.experiments import comparison, grid
from tests.services.experiment_workspace import rows

TABLE = rows(acqua=[0.8, 0.82, 0.81], acqua_twin=[0.7, 0.73, 0.7], pca=[0.5] * 3, mlp=[0.9, 0.93, 0.9])


def test_the_answer_compares_the_first_quantum_head_with_each_role() -> None:
    said = report.answer(TABLE)
    assert len(said) == 3
    assert all(each.startswith("CLIP-ACQUA with stress at d′ = 2 against") for each in said)
    told = {
        role: next(each for each in said if f"against {opponent}." in each)
        for role, opponent in report.ROLES.items()
    }
    assert "higher by 0.310" in told["PCA"]
    assert "higher by 0.100" in told["twin"]
    assert told["best classical"].endswith(f"({grid.title('mlp')}).")  # which one it is
    assert report.answer(rows(pca=[0.5])) == [report.NOTHING]


def test_the_answer_is_about_the_largest_dimension() -> None:
    wider = rows(dim=8, acqua=[0.9, 0.91], pca=[0.2, 0.21])
    assert all("at d′ = 8" in each for each in report.answer(TABLE + wider))


def test_controls_are_not_what_the_answer_is_about() -> None:
    table = rows(acqua_frozen=[0.8, 0.82], pca=[0.5] * 2)
    assert comparison.contrasts(table, "spearman")
    assert report.in_words(table) == [report.NOTHING]


def test_every_contrast_is_a_sentence() -> None:
    said = report.in_words(TABLE)
    assert len(said) == 3
    assert said[1].startswith(
        f"{comparison.metric_title('spearman')}, CLIP-ACQUA with stress at d′ = 2 against PCA: "
    )


def test_what_is_significantly_best_stands_between_stars_costs_never() -> None:
    clear = rows(acqua=[0.8, 0.82, 0.81], pca=[0.5] * 3) + rows("ms_per_1000", acqua=[1.0], pca=[9.0])
    columns, lines = report.metrics_table(clear, ["spearman", "ms_per_1000", "stress"])
    assert columns[:3] == ["Head", "Objective", "d′"]
    assert [line[:3] for line in lines] == [["CLIP-ACQUA", "stress", "2"], ["PCA", "–", "2"]]
    assert lines[0][3].startswith("**0.810") and lines[0][3].endswith("**")
    assert lines[1][3] == "0.500 [0.400, 0.600]"
    assert [line[4:] for line in lines] == [["1", "–"], ["9", "–"]]


def test_contrasts_are_a_table_with_every_interval() -> None:
    [twin, *_] = comparison.contrasts(TABLE, "spearman")
    columns, [line] = report.contrast_table([twin])
    assert len(columns) == len(line)
    assert line[:5] == ["CLIP-ACQUA", "stress", "2", f"{grid.title('acqua_twin')} (twin)", "+0.100"]
    assert line[7] == f"{twin.difference.p:.3f}"
    assert line[9] == twin.words


def test_a_line_is_a_head_over_its_dimensions_with_references_in_grey() -> None:
    table = (
        rows(dim=8, acqua=[0.9, 0.92])
        + rows(acqua=[0.5, 0.52], pca=[0.4, 0.4])
        + rows(dim=512, identity=[1.0])
    )
    found = {line.name: line for line in report.lines(table, "spearman")}
    own = found["CLIP-ACQUA"]
    assert (list(own.x), list(own.mean)) == ([2.0, 8.0], pytest.approx([0.51, 0.91]))
    assert [(line.reference, line.ceiling) for line in found.values()] == [
        (False, False), (True, False), (True, True),
    ]  # fmt: skip


def test_a_line_may_stand_against_a_cost_and_names_its_objective_where_there_are_several() -> None:
    sizes = rows("parameters_used", acqua=[40.0, 40.0])
    table = rows(acqua=[0.5, 0.6]) + sizes
    both = table + [row | {"objective": "contrast"} for row in table]
    found = report.lines(both, "spearman", against="parameters_used")
    assert [line.name for line in found] == ["CLIP-ACQUA, stress", "CLIP-ACQUA, contrast"]
    assert [list(line.x) for line in found] == [[40.0], [40.0]]
    free = report.lines(
        rows(acqua=[0.5]) + rows("parameters_used", acqua=[0.0]), "spearman", against="parameters_used"
    )
    assert list(free[0].x) == [1.0]  # 0 has no place on a logarithmic axis


def test_values_that_are_not_defined_are_no_points() -> None:
    assert report.lines(rows(acqua=[None, None]), "spearman") == []


def test_bars_are_the_differences() -> None:
    made = comparison.contrasts(TABLE, "spearman")
    found = report.bars(made)
    assert [bar.name for bar in found][:1] == ["CLIP-ACQUA 2-d − twin"]
    assert [bar.mean for bar in found] == [each.difference.mean for each in made]
    assert all(math.isfinite(bar.low) and bar.low <= bar.mean <= bar.high for bar in found)
