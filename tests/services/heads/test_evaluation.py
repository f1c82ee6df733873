"""Evaluation of a kept head on a dataset, against metrics computed here, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

import qlatent
from qlatent.errors import InputError
from qlatent.services.heads import evaluation, kept_heads
from qlatent.store.workspace import Workspace
from tests.services import fitted_head, run_workspace
from tests.services.fitted_head import COUNT, vectors


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with run_workspace.small(tmp_path_factory.mktemp("evaluation") / "workspace", count=COUNT) as opened:
        yield opened


@pytest.fixture(scope="module")
def fitted() -> qlatent.Estimator:
    return fitted_head.fitted()


@pytest.fixture(scope="module")
def kept(workspace: Workspace, fitted: qlatent.Estimator, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = fitted.save(tmp_path_factory.mktemp("heads") / "saved", {"encoder": "given"})
    return kept_heads.load_upload(workspace, folder, name="mine")


def test_evaluation_equals_the_figures_worked_out_here(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator
) -> None:
    unit = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in vectors().items()}
    latents = fitted.transform(unit)
    before, after = (
        np.linalg.norm(each["image"].astype(float) - each["text"], axis=1) for each in (unit, latents)
    )
    rebuilt = fitted.inverse_transform(latents)
    found = evaluation.evaluate(workspace, "mine", "pairs")
    assert (found["head"], found["rows"], found["left_out"]) == (kept, COUNT, 0)
    assert found["metrics"]["pair_error"] == pytest.approx(np.abs(before - after).mean(), abs=1e-5)
    for name in ("image", "text"):
        expected = np.abs(unit[name] - rebuilt[name]).sum(axis=1).mean()
        assert found["metrics"][f"reconstruction_{name}"] == pytest.approx(expected, rel=1e-4)


def test_each_modality_has_its_own_figures_and_those_over_both_come_last_in_the_table(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator
) -> None:
    unit = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in vectors().items()}
    latents = fitted.transform(unit)
    found = evaluation.evaluate(workspace, kept, "pairs")["metrics"]
    for name in ("image", "text"):
        expected = spearmanr(pdist(unit[name]), pdist(latents[name])).statistic
        assert found[f"spearman_{name}"] == pytest.approx(expected, abs=1e-4)
    lines = evaluation.lines(found)
    titles = [title for title, _ in lines]
    assert {"Spearman of distances, images", "Gap images–texts", "Reconstruction error (L1), texts"} < set(
        titles[:-3]
    )
    assert titles[-3:] == [
        f"{title}, images and texts together"
        for title in ("Spearman of distances", "kNN overlap@10", "kNN overlap@10 by chance")
    ]
    assert not any("_" in title.replace("d_x − d_z", "") for title in titles)  # none is a raw name
    single = {"spearman": 0.5, "norm_min": 0.1, "unheard_of": 1.0}  # one modality: nothing is over two
    assert evaluation.lines(single) == [
        ("Spearman of distances", 0.5), ("Norm of a latent, smallest", 0.1), ("unheard_of", 1.0),
    ]  # fmt: skip


def test_rows_that_lack_a_vector_are_left_out_and_two_are_too_few(workspace: Workspace, kept: str) -> None:
    for whole in (5, 2):
        items = [
            replace(item, vectors={"image": item.vectors["image"]}) if number >= whole else item
            for number, item in enumerate(run_workspace.pairs(8, seed=whole))
        ]
        run_workspace.add(workspace, f"whole-{whole}", items)
    found = evaluation.evaluate(workspace, kept, "whole-5")
    assert (found["rows"], found["left_out"]) == (5, 3)
    with pytest.raises(InputError, match="Only 2 rows of 'whole-2' have image and text vectors of given"):
        evaluation.evaluate(workspace, kept, "whole-2")
