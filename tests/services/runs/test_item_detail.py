"""One item at one frame, against all distances of the probe set."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent.errors import InputError
from qlatent.services.runs.frames import frame_steps
from qlatent.services.runs.item_detail import item_detail
from qlatent.store.workspace import Workspace
from tests.services.run_workspace import add, pairs
from tests.services.runs.test_frames import COUNT, STEPS, record


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace.open(tmp_path_factory.mktemp("detail") / "workspace") as workspace:
        add(workspace, "pairs", pairs(COUNT))
        record(workspace, size=4, name="run4")
        yield workspace


def test_neighbours_before_and_after_are_the_nearest_of_the_same_modality(workspace):
    folder = workspace.run("run4")
    probe, latents = folder.probe(), folder.snapshot(STEPS[2])
    place = 7
    got = item_detail(workspace, "run4", int(probe["rows"][place]), 2, k=5)
    for name in ("image", "text"):
        for points, found in ((probe[f"input_{name}"], got.before[name]), (latents[name], got.after[name])):
            distances = cdist(points[place : place + 1].astype(float), points.astype(float))[0]
            order = [each for each in np.argsort(distances) if each != place][:5]
            assert [each.row for each in found] == list(probe["rows"][order])
            assert [each.distance for each in found] == pytest.approx(list(distances[order]))
        both = {each.row for each in got.before[name]} & {each.row for each in got.after[name]}
        for each in got.before[name] + got.after[name]:
            assert each.shared == (each.row in both)
            assert each.id == f"item-{each.row:03}"


def test_an_item_has_its_words_norms_and_pair_distance(workspace):
    folder = workspace.run("run4")
    probe, latents = folder.probe(), folder.snapshot(STEPS[-1])
    got = item_detail(workspace, "run4", int(probe["rows"][3]), 3)
    assert (got.id, got.text) == (f"item-{got.row:03}", f"text {got.row}")
    assert got.step == 10
    assert got.norms["text"] == pytest.approx(np.linalg.norm(latents["text"][3]))
    assert got.pair_distance == pytest.approx(
        (
            np.linalg.norm(probe["input_image"][3] - probe["input_text"][3]),
            np.linalg.norm(latents["image"][3] - latents["text"][3]),
        )
    )


def test_a_row_or_frame_that_is_not_drawn_is_refused(workspace):
    absent = next(row for row in range(COUNT) if row not in workspace.run("run4").probe()["rows"])
    with pytest.raises(InputError, match=f"Row {absent} is not on the map"):
        item_detail(workspace, "run4", absent, 0)
    assert frame_steps(workspace, "run4") == STEPS
    with pytest.raises(InputError, match="no frame 4; it has 4"):
        item_detail(workspace, "run4", int(workspace.run("run4").probe()["rows"][0]), 4)


def test_neighbours_are_finite_and_a_point_that_is_not_has_none(workspace):
    folder = record(workspace, name="spoilt", steps=[])
    latents = {m: np.random.default_rng(0).normal(size=(30, 4)).astype("f4") for m in ("image", "text")}
    latents["image"][5] = np.nan
    folder.write_snapshot(0, latents)
    rows = folder.probe()["rows"]
    assert item_detail(workspace, "spoilt", int(rows[5]), 0).after["image"] == []
    near = item_detail(workspace, "spoilt", int(rows[6]), 0, k=40).after["image"]
    assert len(near) == 28 and rows[5] not in {each.row for each in near}
