"""Measuring trained heads: stopping, and refusals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import StoreError
from qlatent.services.runs.specs import ImageTraining
from qlatent.services.training import panel
from qlatent.store.workspace import Workspace
from tests.services.fitted_head import COUNT, fitted, vectors
from tests.services.made_runs import made, training
from tests.services.run_workspace import small


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("panel") / "workspace", count=COUNT) as opened:
        yield opened


def told(workspace: Workspace, *runs: str, stop: bool) -> tuple[bool, list[tuple[int, int | None]]]:
    seen: list[tuple[int, int | None]] = []
    done = panel.measure_all(
        workspace, runs, progress=lambda *each: seen.append(each), should_stop=lambda: stop
    )
    return done, seen


def test_it_stops_between_runs(workspace: Workspace) -> None:
    assert told(workspace, made(workspace), made(workspace), stop=True) == (False, [(0, 2)])


def test_a_run_that_learned_from_images_is_refused(workspace: Workspace) -> None:
    values = {name: value for name, value in training() if name != "source"}
    run = made(workspace, ImageTraining(**values, content="c0ffee"))
    with pytest.raises(StoreError, match=run):
        told(workspace, run, stop=False)


def test_latents_are_those_of_the_estimator(workspace: Workspace) -> None:
    head = fitted().model_
    unit = {
        name: (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        for name, rows in vectors().items()
    }
    expected = fitted().transform(vectors())
    for name, latents in panel.latents_of(head, unit).items():
        np.testing.assert_allclose(latents, expected[name], atol=1e-5)


def test_the_figures_of_a_trained_head_are_kept_beside_its_run(workspace: Workspace) -> None:
    steps = [
        {"type": "step", "step": step, "epoch": 1, "time": at, "rate": None, "losses": {"total": 1.0}}
        for step, at in [(1, 10.0), (2, 12.0), (3, 900.0), (4, 901.5)]
    ]
    version = workspace.items.version("pairs")
    run = made(workspace, training(dataset_version=version), events=steps)
    fitted().save(workspace.run(run).model_path, {"encoder": "given"})
    assert told(workspace, run, stop=False) == (True, [(0, 1), (1, 1)])
    found = workspace.run(run).figures()
    assert found["judged"] == "heldout"
    costs = found["costs"]
    assert costs["bytes_per_item"] == 4 * 2 * 2  # float32, two dimensions, image and text
    assert costs["train_seconds"] == pytest.approx(2 + 1.5)  # the break of 888 s left out
    assert costs["ms_per_1000"] > 0
    assert set(found["distances"]) >= {"euclidean", "cosine"}
    assert found["metrics"]["spearman"]["value"] == pytest.approx(
        found["distances"]["euclidean"]["spearman"], abs=1e-9
    )
    within = found["metrics"]["spearman_within"]["value"]
    parts = [found["metrics"][f"spearman_{name}"]["value"] for name in ("image", "text")]
    assert within == pytest.approx(np.mean(parts))
    assert within == pytest.approx(found["distances"]["euclidean"]["spearman_within"], abs=1e-9)
    assert found["curve"] == []  # no snapshot was taken
