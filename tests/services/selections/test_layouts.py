"""Selections on stored layouts: a lasso around places, and clusters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qlatent.errors import AbsentError, InputError
from qlatent.layout.quantised import quantise
from qlatent.services.layouts import reading
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.selections import selections
from qlatent.services.selections.definitions import Cluster, DrawnMap, Lasso
from qlatent.store.workspace import Workspace
from tests.services.layouts.laid_out import classified, computed
from tests.services.run_workspace import add, pairs


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    found = classified(tmp_path_factory.mktemp("selected") / "workspace")
    add(found, "pairs", pairs(5))
    return found


@pytest.fixture(scope="module")
def layout(workspace: Workspace) -> StoredLayout:
    return computed(workspace, method="pca")


def drawn(layout: StoredLayout, **changes: Any) -> DrawnMap:
    whole = quantise(layout.frames)
    where = {"layout": layout.id, "low": tuple(whole.low.tolist()), "step": tuple(whole.step.tolist())}
    return DrawnMap(**(where | changes))


def test_a_lasso_selects_the_items_placed_inside(workspace: Workspace, layout: StoredLayout) -> None:
    left = ((-(2**15), -(2**15)), (0, -(2**15)), (0, 2**15 - 1), (-(2**15), 2**15 - 1))
    found = selections.resolve(workspace, "classes", Lasso(polygon=left, on=drawn(layout)))
    middle = (layout.places[:, 0].min() + layout.places[:, 0].max()) / 2
    np.testing.assert_array_equal(found, layout.rows[layout.places[:, 0] < middle])
    assert 0 < len(found) < 90


def test_a_cluster_selects_its_items_and_the_last_those_of_none(
    workspace: Workspace, layout: StoredLayout
) -> None:
    def taken(number: int) -> np.ndarray:
        settings = {"smallest": 15}
        return selections.resolve(
            workspace, "classes", Cluster(layout=layout.id, number=number, settings=settings)
        )

    clusters = reading.clusters_of({"text": layout.places}, smallest=15)
    assert clusters.count == 3
    for number in (-1, 0, 1, 2):
        np.testing.assert_array_equal(taken(number), layout.rows[clusters.numbers == number])
    with pytest.raises(InputError, match="has 3 clusters, no number 3"):
        taken(3)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"frame": 1}, "has no frame 1"), ({"view": "image"}, "shows 'text', not 'image'"),
        ({"low": (0.0, 0.0, 0.0), "step": (1.0, 1.0, 1.0), "camera": (1.0,) * 8}, "has 2 dimensions, not 3"),
    ],
)  # fmt: skip
def test_a_lasso_on_what_the_layout_does_not_show_is_refused(
    workspace: Workspace, layout: StoredLayout, changes: dict[str, Any], said: str
) -> None:
    lasso = Lasso(polygon=((0, 0), (9, 0), (9, 9)), on=drawn(layout, **changes))
    with pytest.raises(InputError, match=said):
        selections.resolve(workspace, "classes", lasso)


def test_a_layout_of_another_dataset_or_none_is_refused(workspace: Workspace, layout: StoredLayout) -> None:
    with pytest.raises(InputError, match="on a map of 'classes', not of 'pairs'"):
        selections.resolve(workspace, "pairs", Cluster(layout=layout.id, number=0))
    with pytest.raises(AbsentError, match="no run 'gone'"):
        selections.resolve(workspace, "classes", Cluster(layout="gone", number=0))
    for settings, said in (({"size": 3}, "no setting 'size'"), ({"smallest": "3"}, "whole number")):
        with pytest.raises(InputError, match=said):
            selections.resolve(workspace, "classes", Cluster(layout=layout.id, number=0, settings=settings))
