"""Retrieval metrics against ir-measures, and the treatment of ties and equal items."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from ir_measures import RR, R, nDCG
from scipy.spatial.distance import cdist

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.retrieval import partners

WANTED = {
    "recall_at_1": R @ 1, "recall_at_5": R @ 5, "recall_at_10": R @ 10, "mrr": RR, "ndcg_at_10": nDCG @ 10,
}  # fmt: skip


def by_ir_measures(distances):
    """Every metric for queries = rows and documents = columns, with document i relevant to query i."""
    n = len(distances)
    qrels = {f"q{i}": {f"d{i}": 1} for i in range(n)}
    run = {f"q{i}": {f"d{j}": -float(distances[i, j]) for j in range(n)} for i in range(n)}
    found = ir_measures.calc_aggregate(list(WANTED.values()), qrels, run)
    return {name: found[measure] for name, measure in WANTED.items()}


def test_every_figure_is_that_of_ir_measures_averaged_over_both_directions(compared):
    comparison = compared(80)
    distances = cdist(comparison.latents["image"], comparison.latents["text"])
    there, back = by_ir_measures(distances), by_ir_measures(distances.T)
    for name in WANTED:
        got = getattr(partners, name)(comparison)
        assert got.value == pytest.approx((there[name] + back[name]) / 2), name
        assert got.low < got.value < got.high
        assert got.n == 80
        assert "a corpus of 80, both directions" in got.sampled


@pytest.mark.parametrize("distance", ["cosine", "log_fidelity"])
def test_ranks_are_counted_block_by_block_in_any_distance(distance, monkeypatch):
    monkeypatch.setattr(partners, "BLOCK", 16)
    rng = np.random.default_rng(0)
    a = rng.uniform(-1, 1, size=(70, 3))
    b = np.clip(a + 0.2 * rng.normal(size=a.shape), -1, 1)
    if distance == "cosine":
        d = cdist(a, b, "cosine")
    else:
        terms = a[:, None] * b[None] + np.sqrt((1 - a**2)[:, None] * (1 - b**2)[None])
        d = -np.log((1 + terms) / 2).sum(axis=2)
    wanted = [(d <= np.diag(d)[:, None]).sum(axis=1), (d <= np.diag(d)[None, :]).sum(axis=0)]
    np.testing.assert_array_equal(partners.partner_ranks(a, b, distance=distance), wanted)


def test_a_collapsed_map_finds_nothing(items):
    inputs, _ = items(50)
    collapsed = {name: np.full((50, 3), 0.1 * place) for place, name in enumerate(inputs)}
    comparison = Comparison(inputs, collapsed)
    assert partners.recall_at_10(comparison).value == 0.0
    assert partners.mrr(comparison).value == pytest.approx(1 / 50)


def test_equal_answers_do_not_compete(items, projected):
    inputs, _ = items(40)
    inputs["text"][20:] = inputs["text"][:20]  # every text twice; images all differ
    latents = {"image": projected(inputs)["text"], "text": projected(inputs)["text"]}
    comparison = Comparison(inputs, latents)
    ranks = partners.partner_ranks(
        latents["image"], latents["text"],
        groups=(np.arange(40), partners.same_rows(inputs["text"])),
    )  # fmt: skip
    assert (ranks[0] == 1).all()  # the twin text is the same answer
    assert (ranks[1] == 2).all()  # two different images are equally near
    assert partners.recall_at_1(comparison).value == pytest.approx(0.5)


def test_a_large_corpus_is_sampled_and_reported(compared, monkeypatch):
    monkeypatch.setattr(partners, "CORPUS", 30)
    got = partners.recall_at_5(compared(60))
    assert got.n == 30
    assert got.sampled == "30 of 60 items, seed 0; a corpus of 30, both directions"


def test_one_modality_has_no_partners(compared):
    figure = partners.recall_at_10(compared(60, modalities=("text",)))
    assert np.isnan(figure.value)
    assert figure.note == "needs matched rows of two modalities; these items have 1"
