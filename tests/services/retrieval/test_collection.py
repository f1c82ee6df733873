"""Retrieval collections: queries, relevance and mismatches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.retrieval import collection
from qlatent.services.retrieval.collection import Judged, Labelled, Task, collect
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.run_workspace import add

LABELS = ["a", "b", "a", "b", "a", None, "alone", "a"]  # the last item has no vector


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("collection") / "workspace") as opened:
        items = [
            Item(f"i{number}", label=label, text="x",
                 vectors={} if number == 7 else {"text": np.eye(8, dtype=np.float32)[number]})
            for number, label in enumerate(LABELS)
        ]  # fmt: skip
        add(opened, "labelled", items, modalities=("text",))
        yield opened


def judgements(folder: Path, *rows: str) -> str:
    path = folder / "pairs.csv"
    path.write_text("\n".join(["a,b", *rows]) + "\n")
    return str(path)


def test_by_judgements_a_document_has_its_gain_and_others_none() -> None:
    relevance = Judged([{0: 2.0, 3: 1.0}, {}], [np.array([2.0, 1.0]), np.array([])])
    assert relevance.gains(np.array([[3, 1, 0], [0, 1, -1]])).tolist() == [[1, 0, 2], [0, 0, 0]]


def test_by_labels_every_item_of_the_querys_label_is_relevant() -> None:
    relevance = Labelled(np.array([0, 1, 0, 1]), np.array([0, 1]), [])
    assert relevance.gains(np.array([[2, 1, 3], [1, 0, -1]])).tolist() == [[1, 0, 0], [1, 0, 0]]


def test_items_whose_label_others_share_ask_and_their_own_row_is_left_out(workspace: Workspace) -> None:
    found = collect(workspace, Task("labelled"))
    assert (found.key, found.modality) == ("given", "text")
    assert found.ids == [f"i{number}" for number in range(7)]
    assert found.query_ids == ["i0", "i1", "i2", "i3", "i4"]
    assert found.skip.tolist() == [0, 1, 2, 3, 4]
    assert [len(each) for each in found.relevance.ideal] == [2, 1, 2, 1, 2]  # without the item itself
    np.testing.assert_array_equal(found.asked, np.eye(8)[:5])
    assert found.notes == [
        "1 documents without a text vector left out", "2 items whose label no other item has do not ask",
    ]  # fmt: skip


def test_of_many_items_as_many_ask_as_a_seed_draws(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "LABEL_QUERIES", 2)
    first, same, other = (collect(workspace, Task("labelled", seed=seed)) for seed in (0, 0, 3))
    assert len(first.query_ids) == 2
    assert first.query_ids == same.query_ids != other.query_ids
    assert first.notes[-1] == "2 of 5 items ask, drawn by seed 0"


def test_a_dataset_that_asks_itself_does_not_find_its_own_rows(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("a,b\ni0,i3\ni1,i4\n")
    found = collect(workspace, Task("labelled", queries="labelled", judgements=str(tmp_path / "pairs.csv")))
    assert (found.query_ids, found.skip.tolist()) == (["i0", "i1"], [0, 1])
    assert found.relevance.gains(np.array([[3, -1], [0, 4]])).tolist() == [[1, 0], [0, 1]]


def test_what_judgements_and_collection_do_not_share_is_counted(workspace: Workspace, tmp_path: Path) -> None:
    file = judgements(tmp_path, "i0,i2", "i1,gone", "ghost,i2")
    found = collect(workspace, Task("labelled", queries="labelled", judgements=file))
    assert found.query_ids == ["i0", "i1"]
    assert [len(each) for each in found.relevance.ideal] == [1, 1]  # also of the document that is not here
    assert found.relevance.gains(np.array([[2], [2]])).tolist() == [[1], [0]]
    said = " / ".join(found.notes)
    assert "5 of 7 queries without judgements left out" in said
    assert "judgements of 1 queries that are not here left out" in said
    assert "1 of 3 judgements name documents that the corpus lacks, 1 of them relevant" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"queries": "labelled"}, "Queries and judgements belong together"),
        ({"run": "run.trec"}, "re-ranked by judgements"),
        ({"queries": "nowhere", "judgements": "x"}, "'nowhere' is neither a dataset here nor a file"),
        ({"encoder_key": "clip"}, "no vectors of encoder 'clip'"),
    ],
)
def test_a_task_that_makes_no_sense_is_refused(
    workspace: Workspace, changes: dict[str, str], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        collect(workspace, Task("labelled", **changes))


def test_texts_without_a_vector_are_counted_once_each(workspace: Workspace) -> None:
    assert collection.unencoded(workspace, ["new", "new", "other"], "clip") == 2
