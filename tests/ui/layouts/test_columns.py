"""What is read from a map to colour its points by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import reading, scenes
from qlatent.settings import settings
from qlatent.ui.latent_map.point_map import Classes, Ramp
from qlatent.ui.layouts import columns
from qlatent.ui.layouts.kept import Frame
from qlatent.ui.shell import page
from tests.services.layouts.laid_out import classified


@pytest.fixture(autouse=True)
def tab(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The URL and the session of one browser tab."""
    query: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", query)
    monkeypatch.setattr(st, "session_state", {"navigation_declared": True})
    yield query
    settings.cache_clear()


def test_each_point_has_its_cluster_its_trust_and_its_outlier_factor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tab: dict[str, str]
) -> None:
    workspace = classified(tmp_path / "ws")
    monkeypatch.setattr(page, "workspace", lambda: workspace)
    tab["explore_clusters"] = "10"
    scene = scenes.of_vectors(workspace, "classes", "given", Drawing())
    shown = Frame("classes", scene, 0)
    clusters = columns.colours("explore", shown, "layout:cluster")
    assert isinstance(clusters, Classes) and len(set(clusters.names) - {"in no cluster"}) == 3
    for number, name in enumerate(clusters.names):
        own = scene.rows[clusters.codes == number] % 3
        assert name == "in no cluster" or len(set(own.tolist())) == 1  # a cluster is one class
    for key, expected, span in (
        ("layout:trust", reading.trust(workspace, scene, 0), (0.0, 1.0)),
        ("layout:outlier", reading.outliers(workspace, scene, 0), None),
    ):
        found = columns.colours("explore", shown, key)
        assert isinstance(found, Ramp)
        low, high = span or np.percentile(expected, (1, 99))
        shares = np.clip((expected - low) / (high - low), 0, 1)
        np.testing.assert_allclose(found.codes, shares * 254, atol=0.51)


def test_of_two_points_there_is_nothing_to_read(tmp_path: Path) -> None:
    workspace = classified(tmp_path / "ws", count=3)  # the first has no vector
    assert columns.offered(scenes.of_vectors(workspace, "classes", "given", Drawing())) == ()
