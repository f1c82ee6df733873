"""A search index is built by a run, used above the exact size, and said to be outdated when items change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qlatent import worker
from qlatent.errors import InputError, StoreError
from qlatent.services.search import index, inverted_lists, queries
from qlatent.services.search.neighbours import Asked, neighbours
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.store.items.search_indexes import SearchIndexes
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.run_workspace import pairs, small

SPACE = InputSpace("pairs", "given", "image")
COUNT = 300


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr(index, "EXACT_UP_TO", 100)
    with small(tmp_path / "workspace", count=COUNT) as opened:
        yield opened


def indexed(workspace: Workspace) -> str:
    """Build the index in this process; returns the id of the run."""
    run = index.start_indexing(workspace, SPACE)
    assert worker.work(workspace, workspace.run(run)) == "finished"
    return run


def test_a_run_builds_an_index_that_searches_use(workspace: Workspace, no_workers: LauncherDouble) -> None:
    query, asked = queries.items(["item-003"]), Asked(modality="image", k=10)
    exact = neighbours(workspace, "pairs", query, asked)
    assert exact.spaces[0].how == "exact; an index would be faster"
    assert index.state(workspace, SPACE) == pytest.approx(index.IndexState(COUNT, True), nan_ok=True)
    run = indexed(workspace)
    found = neighbours(workspace, "pairs", query, asked)
    known = index.state(workspace, SPACE)
    assert (known.there, known.fresh) == (True, True)
    assert known.recall >= inverted_lists.WANTED_RECALL
    assert found.spaces[0].how == f"index, which finds {known.recall:.1%} of the 10 nearest"
    assert len(found.hits) == 10
    assert len({hit.id for hit in found.hits} & {hit.id for hit in exact.hits}) >= 8
    assert "item-003" not in {hit.id for hit in found.hits}
    last = json.loads(workspace.run(run).path.joinpath("events.jsonl").read_text().splitlines()[-1])
    assert (last["metrics"]["recall"], last["metrics"]["rows"]) == (pytest.approx(known.recall), COUNT)


def test_filters_search_exactly(workspace: Workspace, no_workers: LauncherDouble) -> None:
    indexed(workspace)
    among = np.zeros(COUNT, dtype=bool)
    among[:4] = True
    found = neighbours(workspace, "pairs", queries.items(["item-003"]), Asked(modality="image", among=among))
    assert {hit.id for hit in found.hits} == {"item-000", "item-001", "item-002"}
    assert found.spaces[0].how == "exact"


def test_an_outdated_index_is_not_used_and_can_be_built_again(
    workspace: Workspace, no_workers: LauncherDouble
) -> None:
    indexed(workspace)
    new = [type(each)(**{**_fields(each), "id": f"new-{each.id}"}) for each in pairs(20, seed=5)]
    workspace.items.append("pairs", new)
    found = neighbours(workspace, "pairs", queries.items(["new-item-003"]), Asked(modality="image"))
    assert found.spaces[0].how == "exact; the index is of an earlier state of the dataset"
    assert not index.state(workspace, SPACE).fresh
    indexed(workspace)
    assert index.state(workspace, SPACE).fresh
    assert [folder.name for folder in (workspace.items.path / ".indexes").glob("*.index")] == [
        f"{SearchIndexes(workspace.items.path).stem(*SPACE)}.index"
    ]


def _fields(item: object) -> dict:
    return {name: getattr(item, name) for name in ("id", "label", "text", "vectors")}


def test_a_stopped_run_leaves_no_index(workspace: Workspace, no_workers: LauncherDouble) -> None:
    run = index.start_indexing(workspace, SPACE)
    (workspace.runs_path / run / "stop").touch()
    assert worker.work(workspace, workspace.run(run)) == "stopped"
    assert not index.state(workspace, SPACE).there
    assert list((workspace.items.path / ".indexes").glob("*vectors*")) == []


def test_an_index_goes_with_its_dataset(workspace: Workspace, no_workers: LauncherDouble) -> None:
    indexed(workspace)
    workspace.items.remove("pairs")
    assert SearchIndexes(workspace.items.path).read(*SPACE) is None


def test_what_cannot_be_indexed_is_refused(
    workspace: Workspace, no_workers: LauncherDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match="no dataset 'nothing'"):
        index.start_indexing(workspace, InputSpace("nothing", "given", "image"))
    with pytest.raises(InputError, match="no vectors of encoder 'clip'"):
        index.start_indexing(workspace, InputSpace("pairs", "clip", "image"))
    monkeypatch.setattr(index, "EXACT_UP_TO", COUNT)
    with pytest.raises(InputError, match="has 300 items; up to 300 the search is exact"):
        index.start_indexing(workspace, SPACE)
    assert no_workers.launched == []
