"""Layouts from request to stored places, and further items on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent import worker
from qlatent.errors import InputError, StoreError
from qlatent.services.layouts import extension, layouts, requests, work
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.runs import listing, queue, run_index
from qlatent.services.runs.specs import Layout
from qlatent.store.workspace import Workspace
from tests.carried_out import in_process
from tests.layout.blobs import blobs
from tests.services.layouts.laid_out import classes_of, classified, computed, items


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return classified(tmp_path_factory.mktemp("layouts") / "workspace")


@pytest.fixture(scope="module")
def layout(workspace: Workspace) -> StoredLayout:
    return computed(workspace)


def nearest_class(places: np.ndarray, layout: StoredLayout) -> np.ndarray:
    return classes_of(layout)[cdist(places, layout.places).argmin(axis=1)]


def test_a_layout_has_a_place_for_each_item_with_a_vector(layout: StoredLayout) -> None:
    assert layout.rows.tolist() == list(range(1, 91)) and layout.left_out == 1
    assert layout.places.shape == (90, 2) and layout.places.dtype == np.float32
    assert (layout.method, layout.modality, layout.encoder) == ("umap", "text", "given")
    assert layout.settings["metric"] == "euclidean" and layout.settings["epochs"] == 40


def test_its_figures_stand_beside_it(layout: StoredLayout, workspace: Workspace) -> None:
    assert layout.quality["neighbour_accuracy"] == layout.quality["neighbour_accuracy_vectors"] == 1.0
    assert 0.8 < layout.quality["trustworthiness"] <= 1.0 and layout.quality["seconds"] > 0
    told = listing.metrics(workspace, layout.id)
    assert told["left_out"] == 1 and told["points"] == 90
    status = workspace.run(layout.id).status()
    assert (status.state, status.phase, status.step, status.steps) == ("finished", "", 40, 40)


def test_the_same_request_finds_the_same_layout(workspace: Workspace, layout: StoredLayout) -> None:
    assert computed(workspace).id == layout.id
    other = requests.spec(workspace, requests.LayoutRequest("classes", metric="euclidean", epochs=41))
    assert requests.existing(workspace, other) is None
    assert [run.id for run in layouts.listed(workspace, "classes") if run.id == layout.id] == [layout.id]
    assert layouts.listed(workspace, layout.id) == []


def test_a_stopped_layout_is_not_taken_for_the_answer(tmp_path: Path, no_workers: object) -> None:
    with classified(tmp_path / "workspace", count=9) as workspace:
        asked = requests.LayoutRequest("classes")
        first = requests.start(workspace, asked)
        assert requests.start(workspace, asked) == first
        with pytest.raises(StoreError, match=r"no layout.npz \(yet\)"):
            layouts.read(workspace, first)
        workspace.run(first).write_status(state="stopped")
        run_index.record(workspace, first)
        assert requests.start(workspace, asked) != first


def test_a_run_that_is_stopped_ends_so_and_begins_again_when_resumed(
    tmp_path: Path, no_workers: object
) -> None:
    with classified(tmp_path / "workspace", count=9) as workspace:
        folder = workspace.run(requests.start(workspace, requests.LayoutRequest("classes")))
        folder.request_stop()
        assert worker.work(workspace, folder) == "stopped"
        with pytest.raises(StoreError, match=r"no layout.npz \(yet\)"):
            layouts.read(workspace, folder.id)
        queue.resume(workspace, folder.id)
        assert worker.work(workspace, folder) == "finished"
        assert len(layouts.read(workspace, folder.id).rows) == 8


def test_known_vectors_come_near_their_own_places(workspace: Workspace, layout: StoredLayout) -> None:
    vectors = np.stack([item.vectors["text"] for item in items(91)[1:]])
    again = extension.place(workspace, layout, vectors)
    span = np.linalg.norm(np.ptp(layout.places, axis=0))
    assert np.median(np.linalg.norm(again - layout.places, axis=1)) < 0.1 * span


def test_new_vectors_join_their_class_and_nan_gets_no_place(
    workspace: Workspace, layout: StoredLayout
) -> None:
    new, own = blobs(12, seed=8)
    new[0] = np.nan
    placed = extension.place(workspace, layout, new)
    assert np.isnan(placed[0]).all()
    np.testing.assert_array_equal(nearest_class(placed[1:], layout), own[1:])
    with pytest.raises(InputError, match="New points of 3 numbers do not fit"):
        extension.place(workspace, layout, np.ones((2, 3)))


def test_items_that_a_dataset_gains_are_placed_and_the_others_stay(tmp_path: Path) -> None:
    with classified(tmp_path / "workspace", count=61) as workspace:
        layout = computed(workspace)
        workspace.items.append("classes", items(61, seed=3, first=61)[2:13])
        assert requests.newer(workspace, layout) == 11
        with in_process():
            run = requests.extend(workspace, layout.id)
            assert requests.extend(workspace, layout.id) == run
        grown = layouts.read(workspace, run)
        assert (
            len(grown.rows) == 71 and (np.diff(grown.rows) > 0).all() and "trustworthiness" in grown.quality
        )
        assert requests.newer(workspace, grown) == 0
        np.testing.assert_array_equal(grown.places[:60], layout.places)
        np.testing.assert_array_equal(nearest_class(grown.places[60:], layout), np.arange(2, 13) % 3)
        workspace.items.append("classes", items(73, seed=4, first=80)[62:65])
        with in_process():
            again = layouts.read(workspace, requests.extend(workspace, run))
        np.testing.assert_array_equal(again.places[:71], grown.places)
        assert len(again.rows) == 74 and np.isfinite(again.places).all()
        assert computed(workspace).id != layout.id  # the dataset has a new version


def test_principal_axes_place_further_items_exactly(workspace: Workspace) -> None:
    found = computed(workspace, method="pca", dimensions=3)
    points = np.stack([item.vectors["text"] for item in items(91)[1:]]).astype(np.float64)
    centred = points - points.mean(axis=0)
    values = np.linalg.svd(centred, compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(found.places, axis=0), values[:3], rtol=1e-4)
    np.testing.assert_allclose(extension.place(workspace, found, points), found.places, atol=1e-4)
    with pytest.raises(InputError, match="do not fit"):
        extension.place(workspace, found, np.ones((1, 3)))


def test_many_points_are_placed_beside_a_sample(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "FITTED", 60)
    found = computed(workspace, epochs=44)
    assert found.kept["fitted"].shape == (60,) and np.isfinite(found.places).all()
    rest = np.setdiff1d(np.arange(90), found.kept["fitted"])
    near = cdist(found.places[rest], found.places[found.kept["fitted"]]).argmin(axis=1)
    np.testing.assert_array_equal(classes_of(found)[found.kept["fitted"]][near], classes_of(found)[rest])


def test_a_stop_is_heard_between_epochs(workspace: Workspace) -> None:
    from qlatent.services.layouts.points import points_of
    from qlatent.types import Cancelled

    spec = requests.spec(workspace, requests.LayoutRequest("classes", epochs=500_000))
    assert isinstance(spec, Layout)
    phases: list[str] = []

    def stop(done: int, total: int | None) -> None:
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        work.laid_out(points_of(workspace, spec), spec, progress=stop, phase=phases.append)
    assert phases == ["Finding neighbours among 90 points", work.WARMING, ""]
