"""Scenes hold the points of a map, and a lasso on them resolves to the items that were drawn inside it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from qlatent.errors import InputError
from qlatent.layout.lasso import inside
from qlatent.services.layouts import requests
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Lasso
from qlatent.services.selections.selections import resolve
from qlatent.store.workspace import Workspace
from tests.carried_out import in_process
from tests.services import shop_workspace
from tests.services.layouts.laid_out import classified, computed
from tests.services.shop_workspace import COUNT

POLYGON = np.array([[-32767, -32767], [9000, -32767], [32767, 32767], [-8000, 2000], [-32767, 30000]])


def scene_of(workspace: Workspace, kind: str, view: str) -> Scene:
    drawing = Drawing(view or None)
    if kind == "run":
        return scenes.of_run(workspace, "r1", drawing)
    return scenes.of_vectors(workspace, "shop", "given", drawing)


@pytest.mark.parametrize("view", ["", "image", "text", "both", "laid"])
@pytest.mark.parametrize("kind", ["run", "vectors"])
def test_a_lasso_selects_the_rows_of_the_points_inside(workspace: Workspace, kind: str, view: str) -> None:
    scene = scene_of(workspace, kind, view)
    for frame in range(scene.frames):
        caught = inside(scene.positions.values[frame], POLYGON) & scene.positions.placed(frame)
        expected = sorted({scene.row_of(int(point)) for point in np.flatnonzero(caught)})
        lasso = Lasso(polygon=tuple(map(tuple, POLYGON.tolist())), on=scene.drawn(frame))
        again = links.from_link(links.to_link(lasso))
        assert resolve(workspace, "shop", again).tolist() == expected
        assert caught.any()
    assert not caught.all()  # in the last frame


def test_a_lasso_in_space_is_seen_as_the_camera_showed_it(workspace: Workspace) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("image", dimensions=3))
    matrix = np.array([[0.01, 0.002, 0.0, 300.0], [0.0, -0.008, 0.004, 200.0]])
    polygon = np.array([[0, 0], [320, 0], [320, 400], [0, 400]])
    caught = inside(scene.positions.projected(0, matrix), polygon)
    lasso = Lasso(polygon=tuple(map(tuple, polygon.tolist())), on=scene.drawn(0, matrix=matrix))
    assert resolve(workspace, "shop", lasso).tolist() == scene.rows[caught].tolist()
    assert 0 < caught.sum() < COUNT


def test_points_are_the_items_of_each_modality_in_turn(workspace: Workspace) -> None:
    scene = scenes.of_run(workspace, "r1", Drawing("both"))
    probe = workspace.run("r1").probe()["rows"]
    assert scene.items == len(probe) == 20 and scene.points == 40 and scene.frames == 2
    assert [scene.row_of(point) for point in range(40)] == probe.tolist() * 2
    assert scene.modality_of(19) == "image" and scene.modality_of(20) == "text"
    assert scene.pairs is not None and scene.pairs.tolist() == [[item, item + 20] for item in range(20)]
    assert scene.point_of(int(probe[3])) == 3 and scene.point_of(None) is None
    missing = next(row for row in range(COUNT) if row not in probe)
    assert scene.point_of(missing) is None
    mask = scene.mask(np.array([probe[1], missing]))
    assert mask is not None and np.flatnonzero(mask).tolist() == [1, 21]
    assert scene.labels == ("step 0", "step 8")


def test_vectors_are_drawn_on_their_principal_axes(workspace: Workspace) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("text"))
    vectors = np.stack([shop_workspace.vectors(row)["text"] for row in range(COUNT)])
    reference = PCA(2).fit(vectors)
    places = reference.transform(vectors)
    drawn = scene.shown.places["text"][0]
    signs = np.sign((places * drawn).sum(axis=0))
    np.testing.assert_allclose(drawn * signs, places, atol=1e-5)
    np.testing.assert_allclose(
        scene.shown.honesty["explained_variance"], reference.explained_variance_ratio_.sum(), rtol=1e-5
    )
    np.testing.assert_allclose(scene.shown.norms["text"][0], np.linalg.norm(vectors, axis=1), rtol=1e-6)
    assert scene.pairs is None and scene.labels == ()


def test_means_laid_on_each_other_have_no_gap(workspace: Workspace) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("laid"))
    for places in scene.shown.places.values():
        np.testing.assert_allclose(places[0].mean(axis=0), 0, atol=1e-6)


def test_items_without_a_vector_are_left_out_and_counted(tmp_path) -> None:
    from dataclasses import replace

    from tests.services.run_workspace import add

    items = [shop_workspace.item(number) for number in range(6)]
    items[2] = replace(items[2], vectors={})
    items[4] = replace(items[4], vectors={"text": items[4].vectors["text"]})
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "shop", items)
        both = scenes.of_vectors(workspace, "shop", "given", Drawing("both"))
        assert both.rows.tolist() == [0, 1, 3, 4, 5] and both.shown.left_out.tolist() == [1]
        assert np.flatnonzero(~both.positions.placed(0)).tolist() == [3]  # the image of row 4
        assert both.point_of(4) == 3 + both.items  # so its text stands for it
        images = scenes.of_vectors(workspace, "shop", "given", Drawing("image"))
        assert images.rows.tolist() == [0, 1, 3, 5] and images.shown.left_out.tolist() == [2]


def test_a_stored_layout_is_a_scene_whose_lasso_selects_what_it_shows(tmp_path) -> None:
    with classified(tmp_path / "workspace") as workspace:
        layout = computed(workspace, method="pca")
        scene = scenes.of_layout(workspace, layout.id)
        assert scene.rows.tolist() == layout.rows.tolist() and scene.shown.left_out.tolist() == [
            layout.left_out
        ]
        np.testing.assert_allclose(
            scene.positions.coordinates(0), layout.places, atol=scene.positions.step.max()
        )
        vectors = workspace.items.mapped("classes", "given", "text", column="given_text")[layout.rows]
        np.testing.assert_allclose(scene.shown.norms["text"][0], np.linalg.norm(vectors, axis=1), rtol=1e-6)
        caught = inside(scene.positions.values[0], POLYGON)
        lasso = Lasso(polygon=tuple(map(tuple, POLYGON.tolist())), on=scene.drawn(0))
        assert resolve(workspace, "classes", lasso).tolist() == layout.rows[caught].tolist()
        assert 0 < caught.sum() < scene.points


def test_a_layout_of_latents_is_of_its_run_at_its_step(workspace: Workspace) -> None:
    with in_process():
        run = requests.start(workspace, requests.LayoutRequest("r1", method="pca", modality="image", step=0))
    scene = scenes.of_layout(workspace, run)
    assert scene.source.run == "r1" and scene.labels == ("step 0",) and scene.items == 20
    latents = workspace.run("r1").snapshot(0)["image"]
    np.testing.assert_allclose(scene.shown.norms["image"], [np.linalg.norm(latents, axis=1)], rtol=1e-6)


def test_an_unknown_view_is_named(workspace: Workspace) -> None:
    with pytest.raises(InputError, match="no view called 'sound'"):
        scenes.of_vectors(workspace, "shop", "given", Drawing("sound"))
    with pytest.raises(InputError, match="has no vectors of encoder 'clip'"):
        scenes.of_vectors(workspace, "shop", "clip")
