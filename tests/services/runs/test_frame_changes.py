"""The change of neighbourhoods between two recorded frames, against a loop over sets."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent.errors import InputError
from qlatent.services.runs.frame_changes import neighbourhood_change
from qlatent.store.workspace import Workspace
from tests.services.run_workspace import add, pairs
from tests.services.runs.test_frames import COUNT, STEPS, record


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    with Workspace.open(tmp_path_factory.mktemp("changes") / "workspace") as workspace:
        add(workspace, "pairs", pairs(COUNT))
        record(workspace, size=4, name="run4")
        yield workspace


def near(points):
    distances = cdist(points, points)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1)[:, :5]


def test_change_is_the_share_of_neighbours_that_left_between_two_frames(workspace):
    folder = workspace.run("run4")
    one, other = (near(folder.snapshot(STEPS[frame])["text"]) for frame in (0, 2))
    wanted = [1 - len(set(a) & set(b)) / 5 for a, b in zip(one, other, strict=True)]
    got = neighbourhood_change(workspace, "run4", "text", frames=(0, 2), k=5)
    np.testing.assert_allclose(got, wanted)
    np.testing.assert_array_equal(neighbourhood_change(workspace, "run4", "image", frames=(1, 1)), 0.0)


def test_an_unknown_frame_or_modality_is_refused(workspace):
    with pytest.raises(InputError, match="no frame 9; it has 4"):
        neighbourhood_change(workspace, "run4", "text", frames=(0, 9))
    with pytest.raises(InputError, match="no view 'vector'"):
        neighbourhood_change(workspace, "run4", "vector", frames=(0, 1))
    with pytest.raises(InputError, match="one modality, not of 'both'"):
        neighbourhood_change(workspace, "run4", "both", frames=(0, 1))
