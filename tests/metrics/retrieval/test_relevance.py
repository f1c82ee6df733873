"""Measures of ranked documents against ir-measures (trec_eval), and the wording of differences."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from ir_measures import AP, RR, R, Rprec, ScoredDoc, nDCG
from ir_measures import Qrel as JudgedPair
from scipy import stats

from qlatent.metrics.retrieval import relevance

NAMES = {
    nDCG @ 10: "ndcg@10", RR: "mrr", R @ 1: "recall@1", R @ 10: "recall@10", R @ 100: "recall@100",
    Rprec: "r_precision", AP: "map",
}  # fmt: skip


def oracle(order: np.ndarray, judged: list[dict[int, int]]) -> dict[str, np.ndarray]:
    """ir-measures on the same rankings; scores decrease with rank, so that there are no ties."""
    qrels = [JudgedPair(str(q), str(d), gain) for q, each in enumerate(judged) for d, gain in each.items()]
    run = [
        ScoredDoc(str(q), str(d), -float(rank)) for q, rows in enumerate(order) for rank, d in enumerate(rows)
    ]
    values = {name: np.full(len(order), np.nan) for name in NAMES.values()}
    for found in ir_measures.iter_calc(list(NAMES), qrels, run):
        values[NAMES[found.measure]][int(found.query_id)] = found.value
    return values


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("depth", [5, 200])
def test_agrees_with_ir_measures(seed: int, depth: int) -> None:
    rng = np.random.default_rng(seed)
    order = np.array([rng.permutation(200)[:depth] for _ in range(30)])
    judged = [
        {int(d): int(rng.integers(-1, 4)) for d in rng.choice(220, size=rng.integers(3, 60), replace=False)}
        | {7: 2}
        for _ in range(30)
    ]  # unjudged documents, negative gains, documents missing from the corpus, more relevant ones than ranked
    gains = [[each.get(int(d), 0) for d in rows] for rows, each in zip(order, judged, strict=True)]
    found = relevance.measures(gains, [list(each.values()) for each in judged])
    for name, expected in oracle(order, judged).items():
        np.testing.assert_allclose(found[name], expected, atol=1e-12, err_msg=name)


def test_a_small_case_by_hand() -> None:
    found = relevance.measures([[0, 2, 1]], [[2, 1, 1, 0]])
    ideal = 2 + 1 / np.log2(3) + 1 / 2
    np.testing.assert_allclose(found["ndcg@10"], [(2 / np.log2(3) + 1 / 2) / ideal])
    assert [found[name][0] for name in ("mrr", "recall@1", "recall@10")] == [0.5, 0.0, 2 / 3]
    np.testing.assert_allclose(found["r_precision"], [2 / 3])
    np.testing.assert_allclose(found["map"], [(1 / 2 + 2 / 3) / 3])


def test_a_query_without_relevant_documents_counts_neither_way() -> None:
    found = relevance.measures([[1, 0], [0, 0]], [[1], [0]])
    assert all(
        np.isnan(values[1]) and values[0] == 1.0 for name, values in found.items() if name != "recall@100"
    )
    assert relevance.intervals(found)["mrr"] == (1.0, 1.0, 1.0)


def test_nothing_ranked_scores_nothing() -> None:
    assert {values[0] for values in relevance.measures(np.zeros((1, 0)), [[1]]).values()} == {0.0}


def test_differences_are_paired_by_query_and_corrected_together() -> None:
    rng = np.random.default_rng(0)
    base = rng.random(300)
    heads = {"better": base + 0.05 + rng.normal(0, 0.1, 300), "same": base + rng.normal(0, 0.1, 300)}
    found = relevance.compare(heads, base)
    assert found["better"].difference.p <= 2e-4 and found["better"].p_holm == 2 * found["better"].difference.p
    assert found["better"].words.startswith("higher by 0.05")
    assert found["same"].p_holm > 0.05 and "no difference larger than" in found["same"].words
    assert found["better"].difference.low < 0.05 < found["better"].difference.high


def test_many_queries_take_blocks_and_few_all_signs() -> None:
    rng = np.random.default_rng(1)
    many = rng.normal(0.02, 1, 20_000)
    found = relevance.compare({"a": many}, np.zeros(20_000))["a"].difference
    normal = 2 * stats.norm.sf(many.mean() / (many.std() / np.sqrt(20_000)))
    assert found.seeds == 20_000 and abs(found.p - normal) < 0.015  # 10,000 draws: 0.004 standard error
    few = relevance.compare({"a": np.ones(5)}, np.zeros(5))["a"]
    assert few.difference.p == 2 / 32


def test_queries_without_a_value_are_left_out_of_a_difference() -> None:
    found = relevance.compare({"a": np.array([1.0, np.nan])}, np.array([0.5, np.nan]))["a"]
    assert (found.difference.seeds, found.words) == (1, "+0.500 on one query, which says little")
