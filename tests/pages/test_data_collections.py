"""The collections of a dataset on the page Data, and their way to the map."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.selections import collections, links
from qlatent.services.selections.definitions import Column, Kept
from qlatent.services.workspaces import Workspace, open_workspace
from tests.pages.conftest import Furnished


@pytest.fixture
def own(furnished: Furnished, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of the furnished workspace to change."""
    shutil.copytree(furnished.workspace.path, tmp_path / "own")
    with open_workspace(tmp_path / "own") as workspace:
        yield workspace


@pytest.fixture
def kept(own: Workspace, furnished: Furnished) -> str:
    """A collection of twenty items."""
    wanted = Column(name="label", values=("a",))
    return collections.create(own, furnished.pairs, wanted, name="**All a**").id


def test_a_collection_opens_on_the_map(
    opened: Callable[..., AppTest], own: Workspace, furnished: Furnished, kept: str
) -> None:
    at = opened(own.path, "data", dataset=furnished.pairs)
    assert any(each.label == "Collections (1)" for each in at.expander)
    assert any(each.value.startswith("20 items") for each in at.caption)
    at.button(key=f"data_open_{kept}").click().run()
    assert not at.exception and not at.error
    assert links.to_link(Kept(collection=kept)) in at.query_params["explore_selection"]
    assert "**20 of 60 items selected**" in [each.value for each in at.markdown]
