"""The hits of a search as a selection."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import AbsentError, InputError
from qlatent.services.search import queries
from qlatent.services.search.neighbours import Asked
from qlatent.services.selections.definitions import Column, Search, SetOf
from qlatent.services.selections.links import from_link, to_link
from qlatent.services.selections.searches import definition
from qlatent.services.selections.selections import resolve
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace
from tests.services.shop_workspace import COUNT, vectors


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("searches") / "workspace") as opened:
        yield opened


def nearest(query: np.ndarray, k: int, *, without: tuple[int, ...]) -> list[int]:
    """Rows by the cosine of the image vectors, without some."""
    every = np.stack([vectors(row)["image"] for row in range(COUNT)]).astype(float)
    cosines = every @ query / np.linalg.norm(every, axis=1)
    order = [int(row) for row in np.argsort(-cosines) if row not in without]
    return sorted(order[:k])


def test_a_search_selects_its_hits_and_fits_a_link(workspace: Workspace) -> None:
    search = definition(queries.items(["item-04"]), Asked(modality="image", k=6))
    expected = nearest(vectors(4)["image"], 6, without=(4,))
    assert resolve(workspace, "shop", search).tolist() == expected
    assert from_link(to_link(search)) == search
    asked = Asked(modality="image", heads=("h1", "h2"), k=6)
    assert from_link(to_link(definition(queries.text("red"), asked))).search["heads"] == ["h1", "h2"]
    both = SetOf(how="intersection", of=(search, Column(name="fresh", values=(True,))))
    assert resolve(workspace, "shop", both).tolist() == [row for row in expected if row % 2 == 0]


def test_sums_of_items_are_searched_too(workspace: Workspace) -> None:
    one, two = (vectors(row)["image"].astype(float) for row in (1, 2))
    query = one / np.linalg.norm(one) - two / np.linalg.norm(two)
    search = definition(
        queries.items(["item-01"], ["item-02"]), Asked(encoder="given", modality="image", k=5)
    )
    assert resolve(workspace, "shop", search).tolist() == nearest(query, 5, without=(1, 2))


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"text": "red"}, "'text' is no part of the query"),
        ({"terms": [["item", "item-01", 1.0]], "filters": ["price>=3"]}, "'filters' is no part of the query"),
        ({"terms": [["item", "item-01", 1.0]], "k": 0}, "asks for 0 hits"),
        ({"terms": [["item", "item-01", 1.0]], "k": "many"}, "k is 'many', not a number"),
        ({"terms": [["item", "item-01", 1.0]], "head": "gone", "modality": "image"}, "gone"),
        ({"terms": [["item", "item-01", 1.0]], "head": 3}, "heads of a search are names"),
        ({"terms": [["item", "item-01", 1.0]], "heads": [["a"]]}, "heads of a search are names"),
        ({"terms": "red"}, "A search cannot be read"),
        ({"terms": [["item", "gone", 1.0]]}, "gone"),
        ({"terms": [["item", "item-01", 1.0]], "encoder": "clip"}, "clip"),
    ],
)
def test_a_search_that_cannot_be_carried_out_says_why(
    workspace: Workspace, search: dict, message: str
) -> None:
    with pytest.raises((InputError, AbsentError), match=message):
        resolve(workspace, "shop", Search(search=search))
