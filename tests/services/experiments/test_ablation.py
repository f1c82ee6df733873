"""Contributions of the parts of a head: differences between rows that differ in one part."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qlatent.services.experiments import ablation, grid
from qlatent.services.experiments.grid import Cell, Experiment
from qlatent.services.runs import listing
from qlatent.store.workspace import Workspace
from tests.services.experiment_workspace import rows
from tests.services.made_runs import made, training
from tests.services.run_workspace import small

EXPERIMENT = Experiment("e1", "One", "pairs", 1, "given", ("acqua",), ("stress",), (2,), 2, {}, 1.0)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("ablation") / "workspace", count=12) as opened:
        yield opened


def test_the_circuit_is_compared_with_its_twin_and_with_lesser_circuits() -> None:
    table = rows(
        acqua=[0.8, 0.82],
        acqua_twin=[0.7, 0.72],
        acqua_separable=[0.75, 0.77],
        acqua_frozen=[0.6, 0.62],
        pca=[0.5] * 2,
    )
    found = {each.name: each.difference.mean for each in ablation.circuit(table, "spearman")}
    own = {name: mean for name, mean in found.items() if name.startswith("CLIP-ACQUA −")}
    assert sorted(own.values()) == [pytest.approx(0.05), pytest.approx(0.1), pytest.approx(0.2)]
    assert all(name.endswith(", 2-d") for name in own)
    assert not any("PCA" in name for name in found)


def test_the_objective_is_named_where_there_are_several() -> None:
    table = rows(acqua=[0.8, 0.82], acqua_twin=[0.7, 0.72])
    other = [row | {"objective": "contrast"} for row in table]
    names = [each.name for each in ablation.circuit(table + other, "spearman")]
    assert [name.rsplit(", ", 1)[1] for name in names] == ["stress", "contrast"]


def test_objectives_are_compared_with_clip_acquas_own() -> None:
    own = [row | {"objective": "acqua", "value": 0.5} for row in rows(acqua=[1, 1])]
    table = own + rows(acqua=[0.8, 0.82])
    [effect] = ablation.objective(table, "spearman")
    assert effect.name == "CLIP-ACQUA, 2-d: stress − acqua"
    assert effect.difference.mean == pytest.approx(0.31)
    assert effect.words.startswith("higher by 0.310")


def test_objectives_are_compared_with_the_last_one_without_clip_acquas() -> None:
    table = rows(acqua=[0.8, 0.8]) + [row | {"objective": "contrast"} for row in rows(acqua=[0.6, 0.6])]
    [effect] = ablation.objective(table, "spearman")
    assert effect.name == "CLIP-ACQUA, 2-d: stress − contrast"
    assert effect.difference.mean == pytest.approx(0.2)
    assert ablation.objective(rows(acqua=[0.8], pca=[0.5]), "spearman") == []


def test_distances_are_compared_on_the_same_latents(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cell(seed: int, state: str, **distances: float | None) -> Cell:
        run = made(workspace, state=state)
        kept = {name: {"spearman": value} for name, value in distances.items()}
        workspace.run(run).write_figures({"distances": kept})
        return Cell("acqua", "stress", 2, seed, spec=training(), run=listing.summary(workspace, run))

    found = [
        cell(0, "finished", euclidean=0.5, cosine=0.6, log_fidelity=0.7),
        cell(1, "finished", euclidean=0.6, cosine=0.7, log_fidelity=None),
        cell(2, "failed", euclidean=0.0, cosine=1.0),
        Cell("acqua", "stress", 2, 3),
    ]
    monkeypatch.setattr(grid, "cells", lambda *_: found)
    effects = {each.name: each.difference for each in ablation.distance(workspace, EXPERIMENT, "spearman")}
    assert set(effects) == {"CLIP-ACQUA, 2-d, stress: cosine", "CLIP-ACQUA, 2-d, stress: log-fidelity"}
    cosine, fidelity = effects.values()
    assert (cosine.mean, cosine.seeds) == (pytest.approx(0.1), 2)
    assert (fidelity.mean, fidelity.seeds) == (pytest.approx(0.2), 1)
    assert ablation.distance(workspace, EXPERIMENT, "probe_accuracy") == []
