"""The pages on runs with nothing to see: latents that are not finite, identical points, one point, one frame."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from qlatent.store.workspace import Workspace
from tests.services.run_workspace import add, pairs
from tests.services.runs.test_frames import COUNT, PROBE, record

Open = Callable[..., AppTest]
SPOILT = np.random.default_rng(0).normal(size=(PROBE, 4)).astype("f4")
SPOILT[2] = np.nan
RUNS = {  # latents of every modality by frame → what the page says
    "spoilt": ([SPOILT, SPOILT], "1 item whose latents are not finite numbers left out"),
    "diverged": ([np.ones_like(SPOILT), np.full_like(SPOILT, np.nan)], f"{PROBE} items whose latents"),
    "same": ([np.ones_like(SPOILT)] * 2, "All points are at one place"),
    "one": ([SPOILT[:1]], "one frame so far"),
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace.open(tmp_path_factory.mktemp("degenerate") / "workspace")
    add(workspace, "pairs", pairs(COUNT))
    for name, (frames, _) in RUNS.items():
        folder = record(workspace, name=name, steps=[], probe=len(frames[0]))
        for step, latents in enumerate(frames, start=1):
            folder.write_snapshot(step, {"image": latents, "text": latents})
            folder.append({"type": "snapshot", "step": step, "metrics": {}})
        folder.write_status(state="stopped", step=len(frames), steps=len(frames))
    return workspace


@pytest.mark.parametrize("run", list(RUNS))
def test_explore_draws_what_there_is_and_says_what_is_missing(
    opened: Open, workspace: Workspace, run: str
) -> None:
    row = str(workspace.run(run).probe()["rows"][0])
    for shape in ("2", "3") if run == "spoilt" else ("2",):
        at = opened(workspace.path, "explore", run=run, shape=shape, row=row, colour="frame", pairs="true")
        assert not at.exception
        assert any(RUNS[run][1] in each.value for each in at.caption)


@pytest.mark.parametrize("run", ["spoilt", "one"])
def test_what_cannot_be_read_on_the_map_is_left_out(opened: Open, workspace: Workspace, run: str) -> None:
    tour = {"explore_tour": "norm.0", "explore_colour": "layout:cluster", "explore_clusters": "0f"}
    at = opened(workspace.path, "explore", run=run, explore_tab="map", explore_lines="density", **tour)
    assert not at.exception and len(at.get("bidi_component")) == 1
    assert bool(at.error) == (run == "one")  # a single norm: the map stays, and the card says why


def test_home_and_train_draw_a_run_whose_latents_are_not_finite(opened: Open, workspace: Workspace) -> None:
    for page in ("home", "train"):
        at = opened(workspace.path, page, **({} if page == "home" else {"run": "diverged"}))
        assert not at.exception
