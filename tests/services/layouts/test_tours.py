"""Tours and norm views of a workspace's vectors and latents."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.layouts import tours
from qlatent.services.layouts.requests import LayoutRequest
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.layouts.laid_out import classified, items
from tests.services.run_workspace import add


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    found = classified(tmp_path_factory.mktemp("tours") / "workspace")
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(50, 20)).astype(np.float32) * np.arange(1, 21, dtype=np.float32)
    add(found, "wide", [Item(id=f"w{n}", text="", vectors={"text": row}) for n, row in enumerate(wide)])
    return found


def test_a_grand_tour_shows_every_item_in_each_plane(workspace: Workspace) -> None:
    found = tours.toured(workspace, LayoutRequest("classes", seed=3), targets=3)
    vectors = np.stack([item.vectors["text"] for item in items(91)[1:]])
    np.testing.assert_allclose(found.points, vectors - vectors.mean(axis=0), atol=1e-4)
    inner = np.einsum("pki,pkj->pij", found.planes, found.planes)
    np.testing.assert_allclose(inner, np.broadcast_to(np.eye(2), inner.shape), atol=1e-5)
    assert found.rows.tolist() == list(range(1, 91)) and found.explained == 1.0
    assert found.separation.shape == (len(found.planes),)


def test_a_guided_tour_ends_where_classes_lie_furthest_apart(workspace: Workspace) -> None:
    found = tours.toured(workspace, LayoutRequest("classes"), guided=True)
    assert found.separation[-1] == found.separation.max() > 0.99
    with pytest.raises(InputError, match="two classes; there are 0"):
        tours.toured(workspace, LayoutRequest("wide"), guided=True)


def test_wide_vectors_are_toured_by_their_leading_axes(workspace: Workspace) -> None:
    found = tours.toured(workspace, LayoutRequest("wide"), targets=1)
    assert found.points.shape == (50, 16) and np.isnan(found.separation).all()
    variances = np.square(found.points).sum(axis=0)
    assert (np.diff(variances) <= 0).all() and 0.9 < found.explained < 1.0
