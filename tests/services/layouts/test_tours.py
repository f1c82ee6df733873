"""Tours of a workspace's vectors and latents."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.layouts import tours
from qlatent.services.layouts.tours import TourRequest, toured
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services import shop_workspace
from tests.services.layouts.laid_out import classified, items
from tests.services.run_workspace import add


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    found = classified(tmp_path_factory.mktemp("tours") / "workspace")
    rng = np.random.default_rng(0)
    wide = rng.normal(size=(50, 20)).astype(np.float32) * np.arange(1, 21, dtype=np.float32)
    add(found, "wide", [Item(id=f"w{n}", text="", vectors={"text": row}) for n, row in enumerate(wide)])
    same = np.ones(4, dtype=np.float32)
    add(found, "same", [Item(id=f"s{n}", text="", vectors={"text": same}) for n in range(5)])
    add(found, "one", [Item(id="o", text="", vectors={"text": same})])
    add(found, "flat", [Item(id=f"f{n}", text="", vectors={"text": row[:2]}) for n, row in enumerate(wide)])
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("shop") / "workspace") as opened:
        yield opened


def test_a_grand_tour_shows_every_item_in_each_plane_without_distortion(workspace: Workspace) -> None:
    found = toured(workspace, TourRequest("classes", "given", view="text", seed=3))
    vectors = np.stack([item.vectors["text"] for item in items(91)[1:]])
    centred = vectors - vectors.mean(axis=0)
    assert found.rows.tolist() == list(range(1, 91)) and found.held == 1.0
    assert len(found.index) <= tours.PLANES and np.isnan(found.index).all()
    for number, places in enumerate(found.places["text"]):
        axes = np.linalg.lstsq(centred, places, rcond=None)[0]  # (k, 2)
        np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-4)
        np.testing.assert_allclose(centred @ axes, places, atol=1e-4)
        share = np.square(places).sum() / np.square(centred).sum()
        assert found.shown[number] == pytest.approx(share, rel=1e-5)
    leading = np.linalg.svd(centred, compute_uv=False)[:2]
    assert found.shown[0] == pytest.approx(np.square(leading).sum() / np.square(centred).sum(), rel=1e-5)


def test_a_tour_guided_by_labels_ends_where_classes_lie_furthest_apart(workspace: Workspace) -> None:
    found = toured(workspace, TourRequest("classes", "given", view="text", guide="labels"))
    assert found.index[-1] == found.index.max() > 0.99
    with pytest.raises(InputError, match="two labels; there are 0"):
        toured(workspace, TourRequest("wide", "given", view="text", guide="labels"))


def test_a_tour_guided_by_the_norm_ends_where_it_can_be_read_off_best(workspace: Workspace) -> None:
    found = toured(workspace, TourRequest("classes", "given", view="text", guide="norm"))
    vectors = np.stack([item.vectors["text"] for item in items(91)[1:]]).astype(np.float64)
    norms, centred = np.linalg.norm(vectors, axis=1), vectors - vectors.mean(axis=0)
    wanted = norms - norms.mean()
    rest = wanted - centred @ np.linalg.lstsq(centred, wanted, rcond=None)[0]  # of all dimensions
    assert found.index[-1] == pytest.approx(1 - (rest @ rest) / (wanted @ wanted), abs=1e-4)
    assert found.index[-1] >= found.index.max() - 1e-9


def test_both_modalities_are_toured_together_each_about_its_own_mean(shop: Workspace) -> None:
    found = toured(shop, TourRequest("shop", "given", view="laid"))
    for places in found.places.values():
        assert places.shape[1:] == (30, 2)
        np.testing.assert_allclose(places.mean(axis=1), 0.0, atol=1e-4)


def test_wide_vectors_are_toured_by_their_leading_axes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tours, "POINTS", 30)
    found = toured(workspace, TourRequest("wide", "given", view="text", seed=1))
    assert found.size == 16 and 0.9 < found.held < 1.0
    assert len(found.rows) == 30 and found.rows[0] == 0 and found.rows[-1] == 49


@pytest.mark.parametrize(("dataset", "guide", "said"), [
    ("flat", "grand", "no other plane"), ("one", "grand", "no other plane"), ("same", "norm", "norms are equal"),
])  # fmt: skip
def test_what_cannot_be_toured_is_said(workspace: Workspace, dataset: str, guide: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        toured(workspace, TourRequest(dataset, "given", view="text", guide=guide))
    if dataset == "same":
        assert toured(workspace, TourRequest(dataset, "given", view="text")).places["text"].any() == np.False_
