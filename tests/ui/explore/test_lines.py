"""The lines over the map of Explore."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st

from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import scenes
from qlatent.store.workspace import Workspace
from qlatent.ui.explore import lines
from qlatent.ui.explore.shown_scene import Named
from tests.services import shop_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("lines") / "workspace") as opened:
        yield opened


def test_rings_stand_in_all_frames_and_density_in_its_own(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    query: dict[str, str] = {}
    monkeypatch.setattr(st, "query_params", query)
    monkeypatch.setattr(st, "session_state", {})
    scene = scenes.of_vectors(workspace, "shop", "given", Drawing("both", norm="radius"))
    named = Named("lines", "lines", scene, (), "")
    rings = lines.lines(named, 0)
    assert rings and all(each.label.startswith("‖z‖ ") and each.frame is None for each in rings)
    query["explore_lines"] = "density"
    dense = lines.lines(named, 0)[len(rings) :]
    assert [each.label for each in dense] == ["25%", "50%", "75%", "95%"] * 2
    assert [each.colour for each in dense] == ["#0b84d8"] * 4 + ["#e0701c"] * 4
    assert {each.frame for each in dense} == {0}
