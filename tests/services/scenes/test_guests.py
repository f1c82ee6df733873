"""The items of another dataset on a map's axes: where the same vectors would be drawn."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import scenes
from qlatent.services.scenes.guests import guests, nearest
from qlatent.services.selections.definitions import Lasso
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace
from tests.services.run_workspace import add


@pytest.fixture(scope="module")
def other(workspace: Workspace) -> str:
    """Items 3 and 8 of the shop again, one of no vector, and one far away."""
    from dataclasses import replace

    items = [shop_workspace.item(number) for number in (3, 8, 5, 6)]
    items[2] = replace(items[2], vectors={})
    items[3] = replace(items[3], vectors={name: each * 40 for name, each in items[3].vectors.items()})
    add(workspace, "other", items)
    return "other"


@pytest.mark.parametrize("view", ["text", "both", "laid"])
def test_equal_vectors_are_drawn_at_equal_places(workspace: Workspace, other: str, view: str) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing(view))
    found = guests(workspace, scene, other)
    assert found.rows.tolist() == [0, 1, 3] and found.left_out == 1
    for name, places in found.places.items():
        np.testing.assert_allclose(places[:2], scene.shown.places[name][0][[3, 8]], atol=1e-4)
    values = found.positions.values
    assert values.shape == (1, scene.points + found.points, 2) and found.positions.placed(0).all()
    drawn = found.positions.coordinates(0)  # in one range, though one guest lies far outside the map's own
    for name, each in zip(
        scene.modalities, np.split(drawn[scene.points :], len(scene.modalities)), strict=True
    ):
        np.testing.assert_allclose(each, found.places[name], atol=found.positions.step.max())
    assert [found.row_of(point) for point in (0, scene.points, scene.points + 2)] == [None, 0, 3]
    assert found.point_of(3) == scene.points + 2 and found.point_of(2) is None


def test_a_lasso_holds_guests_of_this_map_alone(workspace: Workspace, other: str) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("text"))
    found = guests(workspace, scene, other)
    x, y = (int(each) for each in found.positions.values[0, scene.points + 1])
    square = ((x - 9, y - 9), (x + 9, y - 9), (x + 9, y + 9), (x - 9, y + 9))
    of_both = scenes.Scene(scene.source, scene.shown, found.positions)
    assert found.inside(Lasso(polygon=square, on=of_both.drawn(0))).tolist() == [1]
    assert not len(found.inside(Lasso(polygon=square, on=scene.drawn(0))))


def test_the_nearest_of_a_guest_are_items_of_the_map(workspace: Workspace, other: str) -> None:
    found = guests(workspace, scenes.of_vectors(workspace, "shop", "given", Drawing("text")), other)
    hits = nearest(workspace, found, 1, modality="text")
    assert hits[0] == (8, pytest.approx(1.0)) and len(hits) == 10


def test_what_has_no_common_axes_is_refused(workspace: Workspace, other: str) -> None:
    radial = scenes.of_vectors(workspace, "shop", "given", Drawing("text", norm="radius"))
    with pytest.raises(InputError, match="on fixed axes alone"):
        guests(workspace, radial, other)
    add(workspace, "plain", [shop_workspace.item(1).__class__(id="x", text="no vector")])
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("text"))
    with pytest.raises(InputError, match=r"no vectors of (encoder '?)?given"):
        guests(workspace, scene, "plain")
