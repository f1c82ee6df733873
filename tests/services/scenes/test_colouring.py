"""Colours of points: what a scene offers, and the values behind each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from qlatent.errors import InputError
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import colouring, losses, ranges, scenes
from qlatent.services.scenes.colouring import Names, Numbers
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Ids
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services import shop_workspace
from tests.services.run_workspace import add


def test_a_scene_offers_what_it_has(workspace: Workspace) -> None:
    columns = ["column:split", "column:made", "column:fresh", "column:price"]
    run = scenes.of_run(workspace, "r1", Drawing("both"))
    kinds = ["label", "norm", "modality", "part", "change", "loss", "lost", "pair", "density"]
    assert colouring.offered(workspace, run) == kinds + columns
    vectors = scenes.of_vectors(workspace, "shop", "given", Drawing("image"))
    assert colouring.offered(workspace, vectors) == ["label", "norm", "density", *columns]


def test_columns_are_numbers_years_or_names(workspace: Workspace) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("both"))
    price = colouring.values(workspace, scene, "column:price", frame=0)
    assert isinstance(price, Numbers)
    expected = [np.nan if row % 5 == 0 else row / 2 for row in range(30)] * 2
    np.testing.assert_equal(price.values, expected)
    made = colouring.values(workspace, scene, "column:made", frame=0)
    assert isinstance(made, Numbers)
    np.testing.assert_allclose(made.values[:30], 2024 + np.arange(30) / 365.2425, atol=1e-3)
    fresh = colouring.values(workspace, scene, "column:fresh", frame=0)
    assert isinstance(fresh, Names) and list(fresh.values)[:3] == ["yes", "no", "yes"]
    label = colouring.values(workspace, scene, "label", frame=0)
    assert isinstance(label, Names) and list(label.values)[6:9] == ["apple", "", "plum"]


def test_norms_of_two_modalities_have_a_range_each(workspace: Workspace) -> None:
    one = colouring.values(workspace, scenes.of_run(workspace, "r1", Drawing("text")), "norm", frame=0)
    latents = [workspace.run("r1").snapshot(step)["text"] for step in (0, 8)]
    assert isinstance(one, Numbers)
    np.testing.assert_allclose(one.values, [np.linalg.norm(each, axis=1) for each in latents], rtol=1e-6)
    both = colouring.values(workspace, scenes.of_run(workspace, "r1", Drawing("both")), "norm", frame=0)
    assert isinstance(both, Numbers) and both.span == (0.0, 1.0)
    text = both.values[:, 20:]
    low, high = np.percentile(one.values, (1, 99))
    np.testing.assert_allclose(text, (one.values - low) / (high - low), rtol=1e-4, atol=1e-6)


def test_density_is_highest_where_points_are(workspace: Workspace) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("image"))
    values = colouring.density(scene, 0)
    places = scene.positions.coordinates(0)
    side = np.ptp(places, axis=0).max()
    near = (np.linalg.norm(places[:, None] - places[None], axis=2) < side / 60).sum(axis=1)
    assert values.min() == 0 and values.max() <= 1 and np.corrcoef(values, near)[0, 1] > 0.5


def test_change_is_none_in_the_first_frame_and_follows_the_latents(workspace: Workspace) -> None:
    scene = scenes.of_run(workspace, "r1", Drawing("both"))
    first = colouring.values(workspace, scene, "change", frame=0)
    grown = colouring.values(workspace, scene, "change", frame=1)  # the grid is only twice as large
    assert isinstance(first, Numbers) and isinstance(grown, Numbers)
    assert first.values.tolist() == [0.0] * 40 and grown.span == (0.0, 1.0)
    assert np.median(grown.values) == 0.0


def test_what_a_run_lost_of_each_item(workspace: Workspace) -> None:
    scene, folder = scenes.of_run(workspace, "r1", Drawing("both")), workspace.run("r1")
    probe = folder.probe()
    d_x = np.linalg.norm(probe["input_image"] - probe["input_text"], axis=1)
    pair = colouring.values(workspace, scene, "pair", frame=0)
    assert isinstance(pair, Numbers)
    d_z = np.hypot(100, 100)  # in both frames
    np.testing.assert_allclose(pair.values, np.tile(np.abs(d_z - d_x), (2, 2)), rtol=1e-5)
    lost = colouring.values(workspace, scene, "lost", frame=1)
    assert isinstance(lost, Numbers) and lost.span == (0.0, 1.0)
    for place, name in enumerate(("image", "text")):
        before, after = squareform(pdist(probe[f"input_{name}"])), squareform(pdist(folder.snapshot(8)[name]))
        scale = (before * after).sum() / np.square(after).sum()
        wanted = np.sqrt(np.square(scale * after - before).sum(axis=1) / np.square(before).sum(axis=1))
        np.testing.assert_allclose(lost.values[place * 20 : place * 20 + 20], wanted, rtol=1e-5)


def test_items_are_coloured_by_the_collections_that_hold_them(workspace: Workspace) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("both"))
    for name, numbers in (("good", (1, 2)), ("cheap", (2, 3))):
        ids = Ids(ids=tuple(f"item-{number:02}" for number in numbers))
        collections.create(workspace, "shop", ids, name=name)
    found = colouring.values(workspace, scene, colouring.COLLECTIONS, frame=0)
    assert isinstance(found, Names)
    assert list(found.values)[:5] == ["", "good", "good + cheap", "cheap", ""] and len(found.values) == 60


def test_an_unknown_colour_or_column_is_named(workspace: Workspace) -> None:
    scene = scenes.of_vectors(workspace, "shop", "given")
    with pytest.raises(InputError, match="cannot be coloured by 'smell'"):
        colouring.values(workspace, scene, "smell", frame=0)
    with pytest.raises(InputError, match="have no column 'prise'"):
        colouring.values(workspace, scene, "column:prise", frame=0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([True, False, None], ["yes", "no", ""]),
        ([0, 1, 1], ["no", "yes", "yes"]),
        (["Y", "n", "Y"], ["yes", "no", "yes"]),
        (["1", None, None], ["yes", "", ""]),
        (["flagged", None, "flagged"], ["flagged", "", "flagged"]),
    ],
)
def test_a_mark_and_a_yes_or_no_are_told_apart_in_two_safe_colours(
    tmp_path: Path, values: list[Any], said: list[str]
) -> None:
    items = [
        Item(id=f"i{number}", vectors={"text": np.eye(3, dtype=np.float32)[number]}, metadata=mark)
        for number, mark in enumerate({} if each is None else {"mark": each} for each in values)
    ]
    with Workspace.open(tmp_path / "workspace") as marked:
        add(marked, "marks", items)
        scene = scenes.of_vectors(marked, "marks", "given", Drawing("text"))
        yes_or_no = said[0] != "flagged"
        assert colouring.coloured(marked, scene) == {"mark": yes_or_no}
        found = colouring.values(marked, scene, "column:mark", frame=0)
        assert isinstance(found, Names) and list(found.values) == said
        assert found.colours == ({"yes": "#e69f00", "no": "#0072b2"} if yes_or_no else None)


def test_a_fixed_range_has_the_values_as_they_are_and_a_frame_its_own_range(workspace: Workspace) -> None:
    scene = scenes.of_run(workspace, "r1", Drawing("both"))
    norms = [
        np.stack([np.linalg.norm(workspace.run("r1").snapshot(step)[name], axis=1) for step in (0, 8)])
        for name in ("image", "text")
    ]  # (2, 20) each
    found = ranges.fixed(workspace, scene, "norm", frame=0, span=(1.0, 3.0))
    assert found is not None and found.span == (1.0, 3.0)
    np.testing.assert_allclose(found.values, np.concatenate(norms, axis=1), rtol=1e-6)
    whole = ranges.fixed(workspace, scene, "norm", frame=0)
    assert whole is not None
    np.testing.assert_allclose(whole.span, np.percentile(norms, (1, 99)), rtol=1e-6)
    each = ranges.of_each_frame(workspace, scene, "norm")
    assert each is not None and each.span == (0.0, 1.0)
    low, high = np.percentile(norms[1][1], (1, 99))  # of the texts in the last frame
    np.testing.assert_allclose(each.values[1, 20:], (norms[1][1] - low) / (high - low), rtol=1e-5)
    assert ranges.fixed(workspace, scene, "label", frame=0) is None
    assert ranges.of_each_frame(workspace, scene, "density") is None


def test_a_run_has_the_loss_of_each_item_or_says_why_not(workspace: Workspace, tmp_path: Path) -> None:
    scene = scenes.of_run(workspace, "r1", Drawing("both"))
    found = colouring.values(workspace, scene, "loss", frame=0)
    assert isinstance(found, Numbers) and np.isnan(found.values).all()  # it was written without
    assert "when the run finishes" in losses.why_no_shares(workspace, "r1")
    with shop_workspace.shop(tmp_path / "workspace") as own:
        folder = shop_workspace.with_run(own)
        folder.write_shares({"total": np.arange(20, dtype=np.float32)})
        there = colouring.values(own, scenes.of_run(own, "r1", Drawing("both")), "loss", frame=1)
        assert isinstance(there, Numbers) and there.values.tolist() == [*range(20), *range(20)]
