"""What a stored layout gives each item to colour the map by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from qlatent.services.layouts import reading
from qlatent.settings import settings
from qlatent.ui.latent_map.point_map import Classes, Ramp
from qlatent.ui.layouts import columns
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page
from tests.services.layouts.laid_out import classified, computed


@pytest.fixture(autouse=True)
def tab(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The URL and the session of one browser tab."""
    query: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", query)
    monkeypatch.setattr(st, "session_state", {"navigation_declared": True})
    yield query
    settings.cache_clear()


def test_each_item_has_its_cluster_its_trust_and_its_outlier_factor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tab: dict[str, str]
) -> None:
    workspace = classified(tmp_path / "ws")
    layout = computed(workspace, method="pca")
    monkeypatch.setattr(page, "workspace", lambda: workspace)
    tab["explore_clusters"] = "10"
    rows = layout.rows[5:40]
    view = View(dataset="classes", version=0, encoder="given", layout=layout.id, modality="text", rows=rows)
    found = columns.columns("explore", view)
    assert np.array_equal(found["layout:trust"], reading.trust_of(workspace, layout)[5:40])
    assert np.array_equal(found["layout:outlier"], reading.outliers_of(workspace, layout)[5:40])
    classes, words = rows % 3, found["layout:cluster"]
    for name in set(words.tolist()) - {""}:
        assert len(set(classes[words == name])) == 1  # a cluster is one class
    assert len(set(words.tolist()) - {""}) == 3
    coloured = columns.colours("explore", layout.id, "layout:cluster", rows=rows)
    assert isinstance(coloured, Classes)
    assert isinstance(columns.colours("explore", layout.id, "layout:trust", rows=rows), Ramp)


def test_fixed_axes_have_none() -> None:
    view = View(dataset="classes", version=0, encoder="given", modality="text", rows=np.arange(3))
    assert columns.columns("explore", view) == {}
