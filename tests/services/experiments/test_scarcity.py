"""Results of data-scarcity studies, against values computed by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from qlatent.errors import ConfigError
from qlatent.services.experiments import scarcity
from qlatent.services.experiments.scarcity import Place, Study
from qlatent.services.runs import listing
from qlatent.services.runs.specs import RetrievalTraining
from qlatent.store.workspace import Workspace
from tests.services.made_runs import made, training
from tests.services.run_workspace import small

QUICK = {"epochs": 1, "batch_size": 8}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("scarcity") / "workspace") as opened:
        yield opened


def spec() -> RetrievalTraining:
    return RetrievalTraining(**{name: value for name, value in training() if name != "source"})


def row(
    head: str, by_query: list[float | None], *, share: float = 1.0, seed: int = 0, dim: int = 4
) -> dict[str, Any]:
    known = [each for each in by_query if each is not None]
    mean = sum(known) / len(known)
    return {"head": head, "dim": dim, "share": share, "seed": seed, "ndcg@10": mean, "by_query": by_query}


def test_a_query_counts_by_its_mean_over_the_seeds() -> None:
    table = [row("qbec", [0.2, 0.4, 0.6]), row("qbec", [0.4, 0.8, 0.6], seed=1)]
    [cell] = scarcity.cells(table, reference="bec")
    assert cell.value == pytest.approx((0.3 + 0.6 + 0.6) / 3)
    assert cell.low <= cell.value <= cell.high
    assert cell.seeds == 2
    assert cell.spread == pytest.approx(math.sqrt(2 * 0.1**2))  # of 0.4 and 0.6 by n − 1
    assert cell.against is None


def test_heads_are_compared_with_the_reference_of_their_dimension_and_share() -> None:
    table = [
        row("qbec", [0.5, 0.9, 0.7]), row("bec", [0.4, 0.7, 0.7]), row("pca", [0.1, 0.2, 0.3]),
        row("qbec", [0.1, 0.1, 0.1], share=0.25), row("bec", [0.2, 0.2, 0.2], dim=8),
    ]  # fmt: skip
    found = {(cell.head, cell.dim, cell.share): cell for cell in scarcity.cells(table, reference="bec")}
    assert list(found) == [
        ("qbec", 4, 0.25),
        ("qbec", 4, 1.0),
        ("bec", 4, 1.0),
        ("pca", 4, 1.0),
        ("bec", 8, 1.0),
    ]
    assert found["qbec", 4, 1.0].against.difference.mean == pytest.approx(0.1)  # type: ignore[union-attr]
    assert found["pca", 4, 1.0].against.difference.mean == pytest.approx(-0.4)  # type: ignore[union-attr]
    alone = [key for key, cell in found.items() if cell.against is None]
    assert alone == [("qbec", 4, 0.25), ("bec", 4, 1.0), ("bec", 8, 1.0)]


def test_queries_that_nothing_answers_count_for_no_head() -> None:
    table = [row("qbec", [0.5, None, 0.7]), row("bec", [0.4, None, 0.7])]
    qbec, bec = scarcity.cells(table, reference="bec")
    assert (qbec.value, bec.value) == (pytest.approx(0.6), pytest.approx(0.55))
    assert qbec.against is not None and qbec.against.difference.seeds == 2


def test_a_single_seed_has_no_spread() -> None:
    [cell] = scarcity.cells([row("qbec", [0.5, 0.6])], reference="bec")
    assert math.isnan(cell.spread)


def test_a_cell_is_plain_json_values_with_what_it_is_compared_with() -> None:
    qbec, bec = scarcity.cells([row("qbec", [0.5, 0.9]), row("bec", [0.4, 0.7])], reference="bec")
    assert set(bec.document()) == {"head", "dim", "share", "seeds", "value", "low", "high", "spread"}
    document = qbec.document()
    assert document["difference"]["mean"] == pytest.approx(0.15)
    assert {"p_holm", "words"} <= set(document)
    assert "against" not in document


def test_rows_are_those_of_finished_trainings(workspace: Workspace) -> None:
    def place(**status: Any) -> Place:
        return Place("qbec", 4, 0.5, 1, spec(), listing.summary(workspace, made(workspace, **status)))

    table = [place(state="finished"), place(state="failed"), Place("qbec", 4, 1.0, 0, spec())]
    assert table[0].run
    queries = {
        "rows": np.array([3, 5]),
        "ndcg@10": np.array([0.123456, np.nan]),
        "mrr": np.array([0.5, 0.25]),
    }
    workspace.run(table[0].run.id).write_queries(queries)
    [found] = scarcity.rows(workspace, table)
    assert found == {
        "head": "qbec", "dim": 4, "share": 0.5, "seed": 1, "ndcg@10": 0.123456, "mrr": 0.375,
        "by_query": [0.1235, None],
    }  # fmt: skip
    assert scarcity.lacking(table) == table[1:]


def test_a_study_has_a_place_for_each_head_dimension_share_and_seed(workspace: Workspace) -> None:
    study = Study(
        "pairs", heads=("qbec", "bec:seed=3"), dims=(2, 3), shares=(1, 0), seeds=2,
        settings={**QUICK, "modalities": ("text",)},
    )  # fmt: skip
    table = scarcity.places(workspace, study)
    assert [(each.share, each.seed) for each in table[::4]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [(each.head, each.dim) for each in table[:4]] == [
        ("qbec", 2), ("bec:seed=3", 2), ("qbec", 3), ("bec:seed=3", 3),
    ]  # fmt: skip
    untrained, trained = table[0].spec, table[8].spec
    assert (untrained.configs.training["epochs"], trained.configs.training["epochs"]) == (0, 1)
    assert (trained.configs.training["share"], trained.configs.training["split_seed"]) == (1, 0)
    assert {each.spec.keep for each in table} == {False}
    assert {each.spec.part_of for each in table} == {"shares of the training queries"}
    assert trained.name == "QBEC, 2 dimensions, 100% of the queries, seed 0"
    assert all(each.run is None for each in table)


@pytest.mark.parametrize("share", [-0.1, 1.5])
def test_a_share_beyond_all_queries_is_refused(workspace: Workspace, share: float) -> None:
    with pytest.raises(ConfigError, match=f"Got a share of {share}"):
        scarcity.places(workspace, Study("pairs", shares=(0.5, share)))
