"""Clusters with names, trust and outliers of a stored layout."""

from __future__ import annotations

import pytest

from qlatent.errors import ConfigError
from qlatent.services.layouts import reading
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.layouts.requests import LayoutRequest
from qlatent.store.workspace import Workspace
from tests.services.layouts.laid_out import WORDS, classified, computed


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return classified(tmp_path_factory.mktemp("reading") / "workspace")


@pytest.fixture(scope="module")
def layout(workspace: Workspace) -> StoredLayout:
    return computed(workspace, method="pca")


def test_clusters_are_named_by_their_words(workspace: Workspace, layout: StoredLayout) -> None:
    found = reading.named_clusters(workspace, layout, smallest=15, fill=True)
    assert sorted(each[0] for each in found.words) == sorted(WORDS)
    for number, (words, row) in enumerate(zip(found.words, found.centres, strict=True)):
        rows = layout.rows[found.clusters.members(number)]
        assert {WORDS[each % 3] for each in rows} == {words[0]} and row in rows
        assert found.names[number].startswith(words[0])


def test_trust_and_outliers_have_a_value_for_each_item(workspace: Workspace, layout: StoredLayout) -> None:
    trust = reading.trust_of(workspace, layout)
    assert trust.shape == (90,) and trust.min() >= 0 and trust.max() <= 1
    assert trust.mean() == pytest.approx(layout.quality["neighbour_overlap"], abs=1e-6)
    assert (reading.outliers_of(workspace, layout) > 0.5).all()


def test_contours_hold_their_share(layout: StoredLayout) -> None:
    half, most = reading.density(layout, shares=(0.5, 0.95))
    assert half.level > most.level and len(half.lines) >= 3  # at least one around each class


def test_only_frames_are_measured_beforehand(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="Only the layout of all frames"):
        reading.expected_seconds(workspace, LayoutRequest("classes"))
