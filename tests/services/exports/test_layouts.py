"""Lassos on a stored layout as it is drawn, and exports with its places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qlatent.errors import InputError
from qlatent.layout.quantised import quantise
from qlatent.services.exports.choice import Choice
from qlatent.services.exports.export import export
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.selections.definitions import DrawnMap, Ids, Lasso
from qlatent.services.selections.selections import resolve
from qlatent.store.workspace import Workspace
from tests.layout.test_lasso import crossings
from tests.services.layouts.laid_out import classified, computed
from tests.services.run_workspace import add, pairs


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with classified(tmp_path_factory.mktemp("clusters") / "workspace") as opened:
        yield opened


@pytest.fixture(scope="module")
def layout(workspace: Workspace) -> StoredLayout:
    return computed(workspace, method="pca")


def test_a_lasso_is_tested_on_the_places_as_they_were_drawn(
    workspace: Workspace, layout: StoredLayout
) -> None:
    drawn = quantise(layout.frames)
    points = drawn.values[0]
    corners = points[np.lexsort(points.T)[[3, 70, 20, 50, 88]]]  # vertices on points, which are on the edges
    expected = layout.rows[crossings(points, corners)]
    on = DrawnMap(layout=layout.id, low=tuple(drawn.low.tolist()), step=tuple(drawn.step.tolist()))
    lasso = Lasso(polygon=tuple((int(x), int(y)) for x, y in corners), on=on)
    assert 5 < len(expected) < 85
    assert resolve(workspace, "classes", lasso).tolist() == expected.tolist()


def test_an_export_has_the_places_of_the_layout(
    workspace: Workspace, layout: StoredLayout, tmp_path: Path
) -> None:
    choice = Choice(
        tool="embedding-atlas", layout=layout.id, definition=Ids(ids=("item-000", "item-007", "item-031"))
    )
    document = export(workspace, "classes", out=tmp_path / "few.parquet", choice=choice)
    assert (document["rows"], document["left_out"]) == (2, 1)
    frame = pd.read_parquet(tmp_path / "few.parquet")
    assert frame["id"].tolist() == ["item-007", "item-031"]
    places = layout.places[np.searchsorted(layout.rows, [7, 31])]
    np.testing.assert_allclose(frame[["projection_x", "projection_y"]], places, rtol=1e-6)


def test_a_layout_of_another_dataset_is_refused(
    workspace: Workspace, layout: StoredLayout, tmp_path: Path
) -> None:
    add(workspace, "pairs", pairs(5))
    choice = Choice(tool="embedding-atlas", layout=layout.id)
    with pytest.raises(InputError, match=rf"The layout {layout.id} is of 'classes', not of 'pairs'"):
        export(workspace, "pairs", out=tmp_path / "pairs.parquet", choice=choice)
    choice = Choice(tool="embedding-atlas", layout=layout.id, definition=Ids(ids=("item-000",)))
    with pytest.raises(InputError, match="None of the 1 items has text vectors"):
        export(workspace, "classes", out=tmp_path / "few.parquet", choice=choice)
