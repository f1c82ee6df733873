"""Maps that show the norm, the rings and lines on them, and contours of density."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qlatent.layout.contours import contours
from qlatent.layout.lasso import inside
from qlatent.layout.quantised import quantise
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import guides, scenes
from qlatent.services.scenes.guides import Guide
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections.definitions import Lasso
from qlatent.services.selections.selections import resolve
from qlatent.store.workspace import Workspace


def scene_of(workspace: Workspace, kind: str, drawing: Drawing) -> Scene:
    if kind == "run":
        return scenes.of_run(workspace, "r1", drawing)
    return scenes.of_vectors(workspace, "shop", "given", drawing)


def on_the_map(scene: Scene, guide: Guide) -> np.ndarray:
    line = np.concatenate(guide.lines).astype(np.float64)
    return scene.positions.low + scene.positions.step * (line + 32768)


@pytest.mark.parametrize("kind", ["run", "vectors"])
def test_norms_are_read_off_rings_and_lines_in_every_frame(workspace: Workspace, kind: str) -> None:
    for view in ("image", "both"):
        scene = scene_of(workspace, kind, Drawing(view, norm="radius"))
        rings = guides.of_norm(scene)
        assert 1 < len(rings) <= 5
        for name, places in scene.shown.places.items():
            found = np.linalg.norm(places, axis=2)
            np.testing.assert_allclose(found, scene.shown.norms[name], rtol=1e-4)
        for ring in rings:
            away = np.linalg.norm(on_the_map(scene, ring), axis=1)
            np.testing.assert_allclose(away, ring.value, rtol=1e-3)
        scene = scene_of(workspace, kind, Drawing(view, norm="axis"))
        heights = [np.unique(on_the_map(scene, each)[:, 1]) for each in guides.of_norm(scene)]
        for height, each in zip(heights, guides.norms(scene), strict=True):
            assert height == pytest.approx(each * scene.shown.stretch, rel=1e-3)
        assert "explained_variance" not in scene.shown.honesty


def test_a_lasso_on_a_map_of_norms_selects_what_was_drawn_inside(workspace: Workspace) -> None:
    half = ((-32767, -32767), (32767, -32767), (32767, 0), (-32767, 0))
    for kind in ("run", "vectors"):
        scene = scene_of(workspace, kind, Drawing("image", norm="axis"))
        rows = resolve(workspace, "shop", Lasso(polygon=half, on=scene.drawn(0)))
        drawn = inside(scene.positions.values[0], np.array(half))
        assert rows.tolist() == sorted(scene.rows[drawn].tolist()) and 0 < len(rows) < scene.items


def test_contours_surround_their_share_of_each_modality(workspace: Workspace) -> None:
    rng = np.random.default_rng(0)
    scene = scene_of(workspace, "vectors", Drawing("both"))
    spread = np.concatenate([rng.normal(size=(scene.items, 2)), 50 + rng.normal(size=(scene.items, 2))])
    scene = replace(scene, positions=quantise(spread))
    found = guides.of_density(scene, 0)
    assert [(each.modality, each.value) for each in found] == [
        (name, share) for name in ("image", "text") for share in (0.25, 0.5, 0.75, 0.95)
    ]
    for each in found:
        own = slice(0, scene.items) if each.modality == "image" else slice(scene.items, None)
        (expected,) = contours(scene.positions.coordinates(0)[own], shares=(each.value,))
        assert len(each.lines) == len(expected.lines) > 0
        np.testing.assert_allclose(on_the_map(scene, each), np.concatenate(expected.lines), atol=1e-3)


def test_in_space_and_without_points_there_are_no_lines(workspace: Workspace) -> None:
    scene = scene_of(workspace, "vectors", Drawing("image", dimensions=3, norm="radius"))
    assert guides.of_norm(scene) == [] == guides.of_density(scene, 0)
    flat = scene_of(workspace, "vectors", Drawing("image"))
    lost = replace(flat, positions=quantise(np.full((1, flat.items, 2), np.nan)))
    assert guides.of_density(lost, 0) == [] == guides.of_norm(flat)
