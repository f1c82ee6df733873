"""The grid of a selection: its order by every figure, and its pages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent.errors import InputError
from qlatent.services.selections.cards import Order, Space, distance_to_centre, page, ranked
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace
from tests.services.shop_workspace import vectors

ROWS = np.array([2, 3, 5, 7, 11, 13, 20, 25])
GIVEN = Space("image", encoder="given")
LATENT = Space("text", run="r1", frame=1)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("cards") / "workspace", images=True) as opened:
        shop_workspace.with_run(opened)
        yield opened


def test_a_column_sorts_with_missing_values_last(workspace: Workspace) -> None:
    found = ranked(workspace, "shop", ROWS, Order("column:price", descending=True))
    assert found.rows.tolist() == [13, 11, 7, 3, 2, 5, 20, 25]
    assert found.values.tolist() == [6.5, 5.5, 3.5, 1.5, 1.0, None, None, None]
    labels = ranked(workspace, "shop", ROWS, Order("column:label"))
    assert labels.values.tolist() == ["apple"] * 1 + ["pear"] * 2 + ["plum"] * 4 + [None]
    assert labels.rows.tolist() == [3, 13, 25, 2, 5, 11, 20, 7]
    assert ranked(workspace, "shop", ROWS, Order(descending=True)).rows.tolist() == ROWS[::-1].tolist()
    with pytest.raises(InputError, match="have no column 'taste'"):
        ranked(workspace, "shop", ROWS, Order("column:taste"))


def test_nearness_to_the_centre_and_norm_are_those_of_the_vectors(workspace: Workspace) -> None:
    every = np.stack([vectors(int(row))["image"] for row in ROWS]).astype(float)
    unit = every / np.linalg.norm(every, axis=1, keepdims=True)
    distances = cdist(unit, unit.mean(axis=0)[None], "cosine")[:, 0]
    found = ranked(workspace, "shop", ROWS, Order("centre", GIVEN))
    np.testing.assert_array_equal(found.rows, ROWS[np.argsort(distances)])
    np.testing.assert_allclose(found.values.astype(float), np.sort(distances), atol=1e-6)
    norms = ranked(workspace, "shop", ROWS, Order("norm", GIVEN, descending=True))
    np.testing.assert_allclose(
        norms.values.astype(float), np.sort(np.linalg.norm(every, axis=1))[::-1], rtol=1e-6
    )


def test_latents_rank_the_rows_on_the_map_and_the_others_come_last(workspace: Workspace) -> None:
    probe = workspace.run("r1").probe()["rows"]
    on_map = [row for row in ROWS.tolist() if row in probe]
    assert 0 < len(on_map) < len(ROWS)
    found = ranked(workspace, "shop", ROWS, Order("norm", LATENT))
    norms = {row: float(np.hypot(2 * (row % 6) + 100, 2 * (row // 6) + 100)) for row in on_map}
    assert found.rows[: len(on_map)].tolist() == sorted(on_map, key=lambda row: norms[row])
    assert found.values[len(on_map) :].tolist() == [None] * (len(ROWS) - len(on_map))
    assert found.values[0] == pytest.approx(min(norms.values()))


def test_neighbourhood_change_counts_the_neighbours_that_left(workspace: Workspace) -> None:
    folder = workspace.run("r1")
    probe = folder.probe()
    inputs, latents = probe["input_text"], folder.snapshot(8)["text"]

    def nearest(points: np.ndarray) -> np.ndarray:
        distances = cdist(points, points)
        np.fill_diagonal(distances, np.inf)
        return np.argsort(distances, axis=1, kind="stable")[:, :10]

    before, after = nearest(inputs.astype(float)), nearest(latents.astype(float))
    expected = {
        int(row): 1 - len(set(one) & set(two)) / 10
        for row, one, two in zip(probe["rows"], before, after, strict=True)
    }
    found = ranked(workspace, "shop", probe["rows"], Order("change", LATENT, descending=True))
    assert dict(zip(found.rows.tolist(), found.values, strict=True)) == pytest.approx(expected)
    assert list(found.values) == sorted(found.values, reverse=True)


def test_an_order_without_what_it_needs_is_refused(workspace: Workspace) -> None:
    for order, message in (
        (Order("beauty"), "cannot be sorted by 'beauty'"),
        (Order("centre"), "Sorting by centre needs vectors"),
        (Order("change", GIVEN), "Neighbours change by compression"),
        (Order("norm", Space("text", run="r1", frame=5)), "Run r1 has no frame 5; it has 2"),
        (Order("norm", Space("sound", run="r1")), "Run r1 has no 'sound'"),
    ):
        with pytest.raises(InputError, match=message):
            ranked(workspace, "shop", ROWS, order)


def test_a_page_holds_its_cards_and_no_more(workspace: Workspace) -> None:
    ranking = ranked(workspace, "shop", ROWS, Order("column:price"))
    first = page(workspace, "shop", ranking, size=3)
    assert [(each.row, each.id, each.value) for each in first] == [
        (2, "item-02", 1.0),
        (3, "item-03", 1.5),
        (7, "item-07", 3.5),
    ]
    assert first[2].label == "" and first[0].text == "a blue small plum number 2"
    assert set(workspace.items.thumbnails([first[0].image])) == {first[0].image}
    assert [each.row for each in page(workspace, "shop", ranking, start=6, size=60)] == [20, 25]
    assert page(workspace, "shop", ranking, start=99) == page(workspace, "shop", ranking, size=0) == []


def test_vectors_without_a_direction_have_no_distance() -> None:
    found = distance_to_centre(np.array([[1.0, 0], [0, 0], [np.nan, 1], [0, 2]]))
    np.testing.assert_allclose(found, [1 - np.sqrt(0.5), np.nan, np.nan, 1 - np.sqrt(0.5)])
    assert np.isnan(distance_to_centre(np.zeros((2, 3)))).all()
    assert np.isnan(distance_to_centre(np.array([[1.0, 0], [-1.0, 0]]))).all()  # they have no mean direction
