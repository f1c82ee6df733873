"""The report of heads trained on shares of the queries: its answer, its tables, and the lines of its figure."""

from __future__ import annotations

import math
from typing import Any

from qlatent.metrics.retrieval.relevance import Compared
from qlatent.metrics.statistics.differences import Difference
from qlatent.report import scarcity as report
from qlatent.services.experiments.scarcity import Cell


def cell(
    head: str, value: float, *, dim: int = 4, share: float = 1.0, difference: float | None = None, p: float = 0.01,
    seeds: int = 2,
) -> Cell:  # fmt: skip
    against = None
    if difference is not None:
        made = Difference(difference, difference - 0.1, difference + 0.1, math.nan, math.nan, p, 9)
        against = Compared(made, p, "in words")
    return Cell(head, dim, share, seeds, value, value - 0.1, value + 0.1, 0.02, against)


def parts(table: list[Cell]) -> list[report.Part]:
    return report.parts(table, reference="bec", settings={"epochs": 2}, command="qlatent scarcity")


def headings(table: list[Cell]) -> list[str]:
    return [part.heading for part in parts(table)]


def test_a_cell_is_said_with_spread_interval_and_difference() -> None:
    assert report.said(cell("qbec", 0.5, difference=0.05)) == "0.500 ± 0.020 (0.400–0.600), +0.050*"
    assert report.said(cell("qbec", 0.5, difference=-0.05, p=0.05)) == "0.500 ± 0.020 (0.400–0.600), -0.050"
    assert report.said(cell("bec", 0.5, seeds=1)) == "0.500 (0.400–0.600)"


def test_the_answer_names_the_best_head_and_what_differs_significantly() -> None:
    table = [
        cell("qbec", 0.6, difference=0.1), cell("bec", 0.5), cell("pca", 0.2, difference=-0.3),
        cell("merge_cosine", 0.55, difference=0.05, p=0.4), cell("qbec", 0.9, share=0.1, difference=0.4),
    ]  # fmt: skip
    [sentence] = report.answer(table, reference="bec")
    assert sentence == (
        "At 4 dimensions, on 100% of the training queries, QBEC is best (0.600); BEC has 0.500; "
        "significantly above BEC: QBEC; significantly below BEC: PCA."
    )


def test_the_answer_has_a_sentence_for_each_of_the_three_largest_dimensions() -> None:
    table = [cell("bec", 0.1 * dim, dim=dim) for dim in (2, 3, 4, 5)]
    said = report.answer(table, reference="bec")
    assert [each.split(",")[0] for each in said] == [f"At {dim} dimensions" for dim in (5, 4, 3)]
    assert "BEC has" not in said[0]  # it is the best one itself


def test_shares_are_columns_and_what_is_not_there_is_a_dash() -> None:
    table = [cell("qbec", 0.6, share=0.0), cell("qbec", 0.7, share=0.25), cell("bec", 0.5, share=0.25)]
    columns, lines = report.by_share([*table, cell("bec", 0.9, dim=8)], 4)
    assert columns == ["Head", "untrained", "25%"]
    assert [line[0] for line in lines] == ["QBEC", "BEC"]
    assert lines[1][1] == "–"
    assert lines[0][2].startswith("0.700")


def test_dimensions_are_columns_the_largest_first() -> None:
    columns, [line] = report.by_dimension(
        [cell("bec", 0.4), cell("bec", 0.8, dim=8), cell("bec", 0, share=0.1)], 1.0
    )
    assert columns == ["Head", "8", "4"]
    assert [each.split(" ")[0] for each in line[1:]] == ["0.800", "0.400"]


def test_a_figure_is_drawn_where_there_are_several_shares() -> None:
    several = [cell("bec", 0.5, share=share) for share in (0, 0.5, 1)]
    assert "NDCG@10 against the share" in headings(several)
    assert "NDCG@10 against the share" not in headings(several[:2])
    assert not any(heading.startswith("By dimension") for heading in headings(several))


def test_each_share_has_a_table_where_there_are_several_dimensions() -> None:
    table = [cell("bec", 0.5, dim=dim, share=share) for dim in (4, 8) for share in (0, 1)]
    found = headings(table)
    assert found[1:3] == ["By dimension, untrained", "By dimension, trained on 100% of the queries"]


def test_the_lines_of_the_figure_are_in_the_order_of_shares() -> None:
    table = [cell("bec", 0.9, share=1.0), cell("bec", 0.1, share=0.0), cell("bec", 0.3, dim=8)]
    [line] = report.courses(table, 4)
    assert (line.name, line.shares, line.values) == ("BEC", [0.0, 1.0], [0.1, 0.9])
    assert line.lows == [0.1 - 0.1, 0.9 - 0.1]


def test_the_method_says_how_many_seeds_there_were() -> None:
    def seeds(*counts: int) -> Any:
        made = parts([cell("bec", 0.5, seeds=each) for each in counts])
        [method] = [part for part in made if part.heading == "Method"]
        assert method.table
        return dict(map(tuple, method.table[1]))["Seeds"]

    assert seeds(3, 3) == "3"
    assert seeds(3, 2) == "3; 2 for heads with missing trainings"
