"""The answer with which each report begins."""

from __future__ import annotations

from typing import Any

from qlatent.metrics.retrieval.relevance import Compared
from qlatent.metrics.statistics.differences import Difference
from qlatent.report import experiment, reproduction, scarcity
from qlatent.services.experiments import reproduction as service
from qlatent.services.experiments.grid import NO_OBJECTIVE
from qlatent.services.experiments.scarcity import Cell


def measured(head: str, objective: str, values: list[float], *, metric: str) -> list[dict[str, Any]]:
    return [
        {"head": head, "objective": objective, "dim": 4, "seed": seed, "metric": metric, "value": value,
         "low": None, "high": None, "n": 100}
        for seed, value in enumerate(values)
    ]  # fmt: skip


def test_an_experiment_is_answered_against_pca_the_twin_and_the_best_classical_head() -> None:
    table = [
        *measured("acqua", "stress", [0.71, 0.72, 0.73], metric="spearman"),
        *measured("acqua_twin", "stress", [0.61, 0.62, 0.63], metric="spearman"),
        *measured("mlp", "stress", [0.66, 0.67, 0.68], metric="spearman"),
        *measured("pca", NO_OBJECTIVE, [0.51, 0.51, 0.51], metric="spearman"),
    ]
    pca, twin, best = experiment.answer(table)
    assert pca.startswith(
        "CLIP-ACQUA with stress at d′ = 4 against PCA. Spearman of distances: higher by 0.210"
    )
    assert "against its classical twin. Spearman of distances: higher by 0.100" in twin
    assert "against the best classical head. Spearman of distances: higher by 0.050" in best
    assert best.endswith("(MLP).")
    assert experiment.answer(measured("pca", NO_OBJECTIVE, [0.5], metric="spearman")) == [experiment.NOTHING]


def test_the_reproduction_is_answered_by_ring_and_twin_the_controls_and_what_is_significant() -> None:
    def rows(variant: str, accuracies: list[float]) -> list[dict[str, Any]]:
        return [
            {
                "variant": variant,
                "width": 8,
                "seed": seed,
                "step": 176,
                "protocol": "honest",
                "accuracy": value,
            }
            for seed, value in enumerate(accuracies)
        ]

    table = [
        *rows("ring", [0.47, 0.48, 0.49]),
        *rows("classical", [0.43, 0.44, 0.45]),
        *rows("linear", [0.46]),
    ]
    first, controls, significant = reproduction.answer(table, service.contrasts(table))
    assert "Ring, exact has 48.0 % accuracy and classical twin 44.0 %: +4.0 points" in first
    assert "published +3.0" in first
    assert controls == "Other variants: Linear W×W 46.0 %."
    assert significant.startswith("0 of 1 differences are significant")
    assert reproduction.answer([], []) == [reproduction.NOTHING]


def test_scarcity_is_answered_by_the_best_head_and_what_differs_significantly() -> None:
    def cell(head: str, value: float, *, p: float | None = None, mean: float = 0.0) -> Cell:
        difference = Difference(mean, mean, mean, mean, mean, 0.0, 10)
        against = None if p is None else Compared(difference, p, "")
        return Cell(head, 64, 1.0, 1, value, value, value, 0.0, against)

    table = [
        cell("bec", 0.9),
        cell("pca", 0.95, p=0.01, mean=0.05),
        cell("qbec", 0.8, p=0.01, mean=-0.1),
        cell("identity", 0.85, p=0.5, mean=-0.05),
    ]
    (told,) = scarcity.answer(table, reference="bec")
    assert told == (
        "At 64 dimensions, on 100% of the training queries, PCA is best (0.950); BEC has 0.900; "
        "significantly above BEC: PCA; significantly below BEC: QBEC."
    )
