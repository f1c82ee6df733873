"""The collections of a dataset on the page Data, and their way to the map."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest

from qlatent.services.selections import collections, links
from qlatent.services.selections.definitions import Column, Kept
from tests.pages.conftest import Furnished


@pytest.fixture
def kept(furnished: Furnished) -> Iterator[str]:
    """A collection of twenty items; removed afterwards, for the other tests of this workspace."""
    wanted = Column(name="label", values=("a",))
    made = collections.create(furnished.workspace, furnished.pairs, wanted, name="**All a**")
    yield made.id
    collections.remove(furnished.workspace, made.id)


def test_a_collection_opens_on_the_map(
    opened: Callable[..., AppTest], furnished: Furnished, kept: str
) -> None:
    at = opened(furnished.workspace.path, "data", dataset=furnished.pairs)
    assert any(each.label == "Collections (1)" for each in at.expander)
    assert any(each.value.startswith("20 items") for each in at.caption)
    at.button(key=f"data_open_{kept}").click().run()
    assert not at.exception and not at.error
    assert links.to_link(Kept(collection=kept)) in at.query_params["explore_selection"]
    assert "**20 of 60 items selected**" in [each.value for each in at.markdown]
