"""Requests of layouts: defaults, and refusals before anything is queued."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import ConfigError, InputError, QlatentError
from qlatent.services.layouts import extension, layouts, requests
from qlatent.services.layouts.requests import LayoutRequest
from qlatent.store.workspace import Workspace
from tests.services import made_runs
from tests.services.layouts.laid_out import computed
from tests.services.run_workspace import small


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return small(tmp_path_factory.mktemp("requests") / "workspace")


@pytest.fixture(scope="module")
def run(workspace: Workspace) -> str:
    """A finished run with two frames of 40 items, of which item 3 has no numbers in the last."""
    made = made_runs.made(workspace, state="finished", step=2, steps=2)
    folder, rng = workspace.run(made), np.random.default_rng(0)
    folder.write_probe({"rows": np.arange(40), "heldout": np.zeros(40, dtype=bool)})
    for step in (0, 2):
        latents = {name: np.tanh(rng.normal(size=(40, 3))) for name in ("image", "text")}
        latents["text"][3] = np.nan if step else 0.0
        folder.write_snapshot(step, latents)
    return made


def test_a_dataset_is_laid_out_by_its_first_modality_and_cosine(workspace: Workspace) -> None:
    found = requests.spec(workspace, LayoutRequest("pairs"))
    assert (found.encoder, found.modality, found.metric, found.run) == ("given", "image", "cosine", "")
    assert (found.neighbours, found.min_dist, found.seed) == (15, 0.1, 0)
    assert found.name == "UMAP of Pairs, image"


def test_a_run_is_laid_out_by_its_last_frame_and_the_metric_of_its_head(
    workspace: Workspace, run: str
) -> None:
    found = requests.spec(workspace, LayoutRequest(run, modality="text"))
    assert (found.step, found.metric, found.encoder) == (2, "euclidean", "")
    stored = computed(workspace, source=run, modality="text", method="pca", metric="")
    assert stored.left_out == 1 and 3 not in stored.rows and stored.run == run
    assert [each.id for each in layouts.listed(workspace, run)] == [stored.id]
    first = computed(workspace, source=run, modality="text", method="pca", metric="", step=0)
    assert first.left_out == 0 and first.steps == (0,)


def test_latents_that_are_states_are_laid_out_by_their_fidelity(workspace: Workspace, run: str) -> None:
    found = computed(workspace, source=run, metric="log_fidelity", epochs=20)
    assert found.places.shape == (40, 2) and np.isfinite(found.places).all()
    latents = workspace.run(run).snapshot(2)["image"]
    assert extension.place(workspace, found, latents[:2]).shape == (2, 2)


@pytest.mark.slow
def test_all_frames_are_laid_out_together(workspace: Workspace, run: str) -> None:
    from qlatent.services.layouts import reading

    found = computed(workspace, source=run, method="aligned", metric="", epochs=20)
    assert found.frames.shape == (2, 40, 2) and found.steps == (0, 2)
    np.testing.assert_array_equal(found.places, found.frames[-1])
    with pytest.raises(InputError, match="takes no further items"):
        extension.place(workspace, found, np.ones((1, 3)))
    assert reading.expected_seconds(workspace, LayoutRequest(run, method="aligned", epochs=20)) > 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": "nothing"}, "no dataset 'nothing'"), ({"method": "isomap"}, "no layout called 'isomap'"),
        ({"method": "localmap"}, "takes longer than UMAP"), ({"modality": "sound"}, "no 'sound' vectors"),
        ({"metric": "taxi"}, "no distance 'taxi'"), ({"metric": "log_fidelity"}, "no expectation values"),
        ({"method": "aligned"}, "has no frames to align"), ({"dimensions": 5}, "2 or 3 dimensions"),
        ({"encoder": "other"}, "no vectors of encoder 'other'"),
    ],
)  # fmt: skip
def test_what_cannot_be_laid_out_is_refused(
    workspace: Workspace, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(QlatentError, match=said):
        requests.start(workspace, LayoutRequest(**{"source": "pairs", **changes}))


def test_frames_that_are_not_there_are_refused(workspace: Workspace, run: str) -> None:
    with pytest.raises(InputError, match="no frame at step 1"):
        requests.spec(workspace, LayoutRequest(run, step=1))
    empty = made_runs.made(workspace, state="finished")
    with pytest.raises(InputError, match="recorded no frame yet"):
        requests.spec(workspace, LayoutRequest(empty))
    going = made_runs.made(workspace)
    workspace.run(going).write_snapshot(0, {"image": np.ones((4, 3))})
    with pytest.raises(InputError, match="still trains"):
        requests.spec(workspace, LayoutRequest(going, method="aligned"))


def test_rows_without_numbers_only_are_refused_by_the_run(tmp_path: Path) -> None:
    from qlatent.services.layouts.points import points_of

    with small(tmp_path / "workspace", count=4) as workspace:
        made = made_runs.made(workspace, state="finished")
        workspace.run(made).write_probe({"rows": np.arange(4)})
        workspace.run(made).write_snapshot(0, {"image": np.full((4, 3), np.nan)})
        spec = requests.spec(workspace, LayoutRequest(made))
        with pytest.raises(InputError, match="None of the 4 image vectors can be laid out"):
            points_of(workspace, spec)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least 2 neighbours"):
        _ = LayoutRequest("pairs", neighbours=0).umap
