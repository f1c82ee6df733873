"""Results of a finished evaluation: the table, and the documents found by each head."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from qlatent.errors import StoreError
from qlatent.services.retrieval import results
from qlatent.services.retrieval.results import Answer, Asked
from qlatent.services.runs.specs import RetrievalEvaluation
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.made_runs import made
from tests.services.run_workspace import add

RANKED = {
    "queries": ["a", "b"], "relevant": [2, 1], "documents": ["a", "b", "gone"],
    "values": {"none": [0.5, 0.2], "pca": [0.6, None]},
    "places": {"none": [[1, 2], [0]], "pca": [[2], []]}, "gains": {"none": [[1.0, 0.0], [2.0]], "pca": [[0.5], []]},
}  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("results") / "workspace") as opened:
        add(
            opened,
            "words",
            [Item("a", text="x" * 400, label="l"), Item("b", text="two")],
            modalities=("text",),
        )
        yield opened


@pytest.fixture(scope="module")
def run(workspace: Workspace) -> str:
    spec = RetrievalEvaluation(name="x", created=1.0, dataset="words", encoder="given", heads=("none", "pca"))
    run_id = made(workspace, spec, state="finished")
    workspace.run(run_id).write_ranked(RANKED)
    return run_id


def test_queries_come_with_their_text_those_first_in_which_heads_differ_most(
    workspace: Workspace, run: str
) -> None:
    first, second = results.queries(workspace, run)
    assert (first.id, first.relevant, first.values) == ("a", 2, {"none": 0.5, "pca": 0.6})
    assert first.text == "x" * results.TEXT
    assert first.spread == pytest.approx(0.1)
    assert second == Asked("b", "two", "", 1, {"none": 0.2, "pca": None})
    assert second.spread == 0.0  # one head alone differs from nobody
    assert Asked("c", "", "", 0, {"none": None}).spread == 0.0


def test_answers_are_the_items_that_each_head_found(workspace: Workspace, run: str) -> None:
    found = results.answers(workspace, run, "a")
    assert found == {
        "none": [Answer("b", "two", "", "", 1.0), Answer("gone", "", "", "", 0.0)],
        "pca": [Answer("gone", "", "", "", 0.5)],
    }
    assert results.answers(workspace, run, "b")["pca"] == []


def test_before_the_end_there_is_nothing_to_show(workspace: Workspace) -> None:
    spec = RetrievalEvaluation(name="x", created=2.0, dataset="words", encoder="given", heads=("none",))
    run_id = made(workspace, spec)
    assert results.figures(workspace, run_id) == {}
    with pytest.raises(StoreError, match="has no ranked documents"):
        results.queries(workspace, run_id)


def head(name: str, value: float, **more: Any) -> dict[str, Any]:
    measure = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 7}
    return {"head": name, "title": name.upper(), "measures": {"ndcg@10": measure}, **more}


def test_the_table_has_a_row_a_head_with_its_difference_from_the_reference() -> None:
    difference = {
        "head": "pca",
        "against": "none",
        "mean": 0.2,
        "low": 0.1,
        "high": 0.3,
        "p": 0.01,
        "p_holm": 0.02,
    }
    document = {
        "heads": [head("none", 0.4), head("pca", 0.6, latency_ms=1.5, parameters={"stored": 3, "used": 2})],
        "differences": [difference],
    }
    reference, pca = results.table(document).to_dict("records")
    assert [pca[f"ndcg@10{end}"] for end in ("", "_low", "_high")] == pytest.approx([0.6, 0.5, 0.7])
    assert (pca["queries"], pca["against"], pca["difference_mean"], pca["p_holm"]) == (7, "none", 0.2, 0.02)
    assert (pca["latency_ms"], pca["parameters_stored"]) == (1.5, 3)
    unknown = [pca["parameters_identifiable"], reference["against"], reference["difference_mean"]]
    assert pd.isna(unknown).all()
