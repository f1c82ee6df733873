"""The table of an experiment: summaries, contrasts, best heads and formats."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qlatent.services.experiments import comparison, grid
from qlatent.services.experiments.grid import Cell, Experiment
from qlatent.services.runs import listing
from qlatent.store.workspace import Workspace
from tests.services.experiment_workspace import rows
from tests.services.made_runs import made, training
from tests.services.run_workspace import small

FIGURES = {
    "metrics": {
        "spearman": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 9, "note": ""},
        "probe_accuracy": {"value": None, "low": None, "high": None, "n": 0, "note": "there are no labels"},
    },
    "costs": {"train_seconds": 3.0},
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("comparison") / "workspace", count=12) as opened:
        yield opened


@pytest.fixture
def cells(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[Cell]:
    """The places of an experiment: two measured, one that is trained, one that failed, one refused."""

    def cell(seed: int, state: str, figures: dict[str, Any] | None = None) -> Cell:
        run = made(workspace, state=state)
        if figures:
            workspace.run(run).write_figures(figures)
        return Cell("acqua", "stress", 2, seed, spec=training(), run=listing.summary(workspace, run))

    found = [
        cell(0, "finished", FIGURES), cell(1, "finished", FIGURES), cell(2, "finished"), cell(3, "failed", FIGURES),
        Cell("pca", "none", 11, 0, refusal="only 8 dimensions"),
    ]  # fmt: skip
    monkeypatch.setattr(grid, "cells", lambda *_: found)
    return found


EXPERIMENT = Experiment("e1", "One", "pairs", 1, "given", ("acqua",), ("stress",), (2,), 4, {}, 1.0)


def test_only_measured_places_have_rows_one_a_metric_and_cost(
    workspace: Workspace, cells: list[Cell]
) -> None:
    table = comparison.rows(workspace, EXPERIMENT)
    place = {"head": "acqua", "objective": "stress", "dim": 2}
    assert table[:3] == [
        {**place, "seed": 0, "metric": "spearman", "value": 0.5, "low": 0.4, "high": 0.6, "n": 9},
        {**place, "seed": 0, "metric": "probe_accuracy", "value": None, "low": None, "high": None, "n": 0},
        {**place, "seed": 0, "metric": "train_seconds", "value": 3.0, "low": None, "high": None, "n": 1},
    ]
    assert [row["seed"] for row in table] == [0] * 3 + [1] * 3
    assert list(comparison.frame(table).columns) == list(comparison.COLUMNS)


def test_the_reason_for_a_missing_value_is_listed_once(workspace: Workspace, cells: list[Cell]) -> None:
    [note] = comparison.notes(workspace, EXPERIMENT)
    assert note == f"{comparison.metric_title('probe_accuracy')}: there are no labels"


def test_the_dimension_of_a_head_that_keeps_it_is_that_of_its_latent() -> None:
    assert comparison.dimension(Cell("acqua", "stress", 4, 0)) == 4
    assert comparison.dimension(Cell("acqua", "stress", None, 0, spec=training())) == 2  # qubits of the spec
    assert comparison.dimension(Cell("pca", "none", None, 0, refusal="no")) == 0


def test_metrics_and_costs_have_titles_and_a_direction() -> None:
    assert comparison.metric_title("train_seconds") == "Training, s"
    assert comparison.metric_title("of_somebody_else") == "of_somebody_else"
    directions = {
        name: comparison.better(name) for name in ("spearman", "stress", "train_seconds", "unheard_of")
    }
    assert directions == {"spearman": "higher", "stress": "lower", "train_seconds": "lower", "unheard_of": ""}


def test_contrasts_stand_against_twin_pca_and_the_best_classical_head() -> None:
    table = rows(acqua=[0.8, 0.82, 0.81], acqua_twin=[0.7, 0.73, 0.7], pca=[0.5] * 3, mlp=[0.9, 0.93, 0.9])
    found = {each.role: each for each in comparison.contrasts(table, "spearman")}
    assert set(found) == {"twin", "PCA", "best classical"}
    assert found["best classical"].against == "mlp"
    assert found["PCA"].difference.mean == pytest.approx(0.31)
    assert found["PCA"].p_holm == pytest.approx(0.75)  # 0.25 is the least for three seeds, times three
    assert found["twin"].words.startswith("higher by 0.100")


def test_a_quantum_inspired_head_stands_against_its_counterpart_as_well() -> None:
    table = rows(qbec=[0.8, 0.82, 0.81], bec=[0.7, 0.73, 0.7], pca=[0.5] * 3)
    found = {(each.head, each.role, each.against) for each in comparison.contrasts(table, "spearman")}
    assert ("qbec", "PCA", "pca") in found
    assert {against for head, role, against in found if "twin" in role} == {"bec"}
    assert {head for head, _, _ in found} == {"qbec"}


def test_the_best_is_marked_only_where_it_holds_up_against_all() -> None:
    clear = rows(acqua=[0.8, 0.82, 0.81], pca=[0.5] * 3, mlp=[0.6, 0.63, 0.6])
    assert comparison.best(clear, "spearman") == {("acqua", "stress", 2)}
    noisy = rows(acqua=[0.8, 0.5, 0.9], pca=[0.5] * 3, mlp=[0.7, 0.75, 0.72])
    assert comparison.best(noisy, "spearman") == set()


def test_equal_seeds_have_the_interval_of_their_items() -> None:
    [summary] = comparison.summaries(rows(pca=[0.5, 0.5]))
    assert (summary.over, summary.low, summary.high) == ("items", pytest.approx(0.4), pytest.approx(0.6))
    [summary] = comparison.summaries(rows(mlp=[0.5, 0.6]))
    assert summary.over == "seeds" and summary.mean == pytest.approx(0.55)


def test_values_that_are_not_defined_are_left_out() -> None:
    [summary] = comparison.summaries(rows(mlp=[0.5, None, 0.7]))
    assert (summary.mean, summary.seeds, summary.over) == (pytest.approx(0.6), 2, "seeds")
    [none] = comparison.summaries(rows(mlp=[None, None]))
    assert math.isnan(none.mean)
    assert comparison.said(none) == "–"


def test_the_smallest_error_is_the_best() -> None:
    table = rows("stress", acqua=[0.1, 0.11, 0.1], pca=[0.5] * 3)
    assert comparison.best(table, "stress") == {("acqua", "stress", 2)}
    assert comparison.best(rows(acqua=[0.9, 0.8]), "spearman") == set()  # nobody to be better than
    strongest = comparison.contrasts(table + rows("stress", mlp=[0.2, 0.2, 0.2]), "stress")
    assert {each.role: each.against for each in strongest} == {"PCA": "pca", "best classical": "mlp"}


def test_a_classical_head_that_has_two_parts_stands_there_once() -> None:
    [only] = comparison.contrasts(rows(acqua=[0.8, 0.82], pca=[0.5, 0.5]), "spearman")
    assert (only.role, only.against) == ("PCA, best classical", "pca")


def test_dimensions_are_compared_among_themselves() -> None:
    table = rows(acqua=[0.8, 0.82]) + rows(dim=4, pca=[0.5, 0.5])
    assert comparison.contrasts(table, "spearman") == []


def test_figures_are_said_with_their_interval_and_costs_without() -> None:
    table = rows(mlp=[0.5, 0.6]) + rows("ms_per_1000", mlp=[12.5]) + rows("bytes_per_item", mlp=[2048])
    said = {each.metric: comparison.said(each) for each in comparison.summaries(table)}
    # Student's t of two values with one degree of freedom: 0.55 ± 12.706 · 0.05
    assert said == {"spearman": "0.550 [-0.085, 1.185]", "ms_per_1000": "12.5", "bytes_per_item": "2,048"}


def test_the_wide_table_has_a_line_a_head_and_a_column_a_metric() -> None:
    table = rows(acqua=[0.5, 0.6]) + rows("stress", acqua=[0.1, 0.1]) + rows(dim=4, pca=[0.5, 0.5])
    found = comparison.wide(table, ["spearman"])
    assert found["Head"].tolist() == ["CLIP-ACQUA", "PCA"]
    assert found["d′"].tolist() == [2, 4]
    assert list(found.columns) == ["Head", "Objective", "d′", comparison.metric_title("spearman")]


def test_latex_is_escaped() -> None:
    table = [{**row, "head": "acqua:depth=2", "objective": "a_b & 5 %"} for row in rows(acqua=[0.5, 0.6])]
    found = comparison.latex(table, ["spearman"])
    assert r"a\_b \& 5 \%" in found
    assert r"\toprule" in found
    assert "d$'$" in found


def test_a_frame_without_rows_still_has_its_columns(tmp_path: Path) -> None:
    comparison.frame([]).to_parquet(tmp_path / "t.parquet")
    assert list(pd.read_parquet(tmp_path / "t.parquet").columns) == list(comparison.COLUMNS)
