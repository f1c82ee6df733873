"""Clusters, trust and outliers of scenes: of a run's frames, of vectors, and of stored layouts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import AbsentError, InputError
from qlatent.services.layouts import reading as measured
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import reading, scenes
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Cluster
from qlatent.services.selections.selections import resolve
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace
from tests.services.layouts.laid_out import WORDS, classified, computed


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return classified(tmp_path_factory.mktemp("reading") / "workspace")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("shop") / "workspace") as opened:
        shop_workspace.with_run(opened)
        yield opened


@pytest.mark.parametrize("dimensions", [2, 3])
def test_clusters_of_vectors_have_words_and_are_selected(workspace: Workspace, dimensions: int) -> None:
    scene = scenes.of_vectors(workspace, "classes", "given", Drawing(dimensions=dimensions))
    found = reading.named_clusters(workspace, scene, 0, smallest=15)
    assert sorted(each[0] for each in found.words) == sorted(WORDS)
    for number, (words, row) in enumerate(zip(found.words, found.centres, strict=True)):
        definition = Cluster(on=found.on, number=number, settings={"smallest": 15})
        rows = resolve(workspace, "classes", links.from_link(links.to_link(definition)))
        assert {WORDS[each % 3] for each in rows} == {words[0]} and row in rows
        assert found.names[number].startswith(f"{number + 1} · {words[0]}")
    with pytest.raises(InputError, match="has 3 clusters, no number 3"):
        resolve(workspace, "classes", Cluster(on=found.on, number=3, settings={"smallest": 15}))


def test_trust_and_outliers_of_a_layout_are_by_its_distance(workspace: Workspace) -> None:
    layout = computed(workspace, method="pca")
    scene = scenes.of_layout(workspace, layout.id)
    trust = reading.trust(workspace, scene, 0)
    assert trust.shape == (90,) and trust.min() >= 0 and trust.max() <= 1
    assert trust.mean() == pytest.approx(layout.quality["neighbour_overlap"], abs=1e-6)
    assert (reading.outliers(workspace, scene, 0) > 0.5).all()


def test_a_run_is_read_by_its_vectors_and_the_latents_of_the_shown_frame(shop: Workspace) -> None:
    scene = scenes.of_run(shop, "r1", Drawing("both"))
    folder = shop.run("r1")
    before = folder.probe()
    for frame, step in enumerate(folder.snapshot_steps()):
        places = {name: each[frame] for name, each in scene.shown.places.items()}
        trust = [measured.trust_of(before[f"input_{name}"], places[name]) for name in ("image", "text")]
        np.testing.assert_array_equal(reading.trust(shop, scene, frame), np.concatenate(trust))
        latents = folder.snapshot(step)
        apart = [measured.outliers_of(latents[name], metric="euclidean") for name in ("image", "text")]
        np.testing.assert_array_equal(reading.outliers(shop, scene, frame), np.concatenate(apart))
    found = reading.named_clusters(shop, scene, 1, smallest=5, fill=True)
    assert found.clusters.numbers.shape == (40,) and found.on.run == "r1" and found.on.frame == 1
    first = Cluster(on=found.on, number=0, settings={"smallest": 5, "fill": True})
    members = found.clusters.members(0) % 20
    assert resolve(shop, "shop", first).tolist() == sorted(set(scene.rows[members].tolist()))
    gone = Cluster(on=found.on.model_copy(update={"run": "gone"}), number=0)
    with pytest.raises(AbsentError, match="no run 'gone'"):
        resolve(shop, "shop", gone)
