"""Saved searches survive a restart and find what they found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import AbsentError, InputError, StoreError
from qlatent.services.search import queries, saved
from qlatent.services.search.neighbours import Asked, neighbours
from qlatent.store.workspace import Workspace
from tests.services.run_workspace import small


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with small(tmp_path / "workspace", count=20) as opened:
        yield opened


def test_a_saved_search_survives_a_restart(workspace: Workspace, tmp_path: Path) -> None:
    query, asked = queries.items(["item-003"], ["item-005"]), Asked(modality="text", k=4)
    kept = saved.save(workspace, "pairs", query, asked, name="  like  three ", filters=({"name": "price"},))
    assert kept.name == "like three"
    expected = neighbours(workspace, "pairs", query, asked).hits
    workspace.close()
    with Workspace.open(tmp_path / "workspace") as again:
        assert saved.listed(again, "pairs") == [kept]
        assert kept.query == query
        assert kept.asked == Asked(encoder="given", modality="text", k=4)
        assert saved.run(again, kept.id).hits == expected
        saved.remove(again, kept.id)
        assert saved.listed(again, "pairs") == []
        with pytest.raises(AbsentError, match="no saved search"):
            saved.run(again, kept.id)


def test_a_document_names_a_head_and_is_checked() -> None:
    query, asked = saved.read({"terms": [["text", "red", 1.0]], "head": "h1", "k": 3})
    assert (query, asked) == (queries.text("red"), Asked(heads=("h1",), k=3))
    assert saved.read(saved.document(query, asked)) == (query, asked)
    with pytest.raises(InputError, match="k is 'many', not a number"):
        saved.read({"terms": [["text", "red", 1.0]], "k": "many"})
    with pytest.raises(InputError, match="search cannot be read"):
        saved.read({})


def test_what_cannot_be_saved_is_refused(workspace: Workspace) -> None:
    for name in (" ", "x" * 201):
        with pytest.raises(InputError, match="expected 1 to 200"):
            saved.save(workspace, "pairs", queries.items(["item-003"]), Asked(), name=name)
    with pytest.raises(StoreError, match="no dataset 'nothing'"):
        saved.save(workspace, "nothing", queries.items(["item-003"]), Asked(), name="x")
    with pytest.raises(StoreError, match="no dataset 'nothing'"):
        saved.listed(workspace, "nothing")
