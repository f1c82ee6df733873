"""New rows of a file by id and content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from qlatent.services.datasets.deduplication import Additions, content_of
from qlatent.store.workspace import Workspace
from qlatent.types import Item, Refusal, content_hash
from tests.services.run_workspace import add


def vector(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=np.float32)


def item(name: str, text: str | None, *numbers: float) -> Item:
    return Item(name, text=text, vectors={"text": vector(*numbers)} if numbers else {})


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("deduplication") / "workspace") as opened:
        add(opened, "words", [item("a", "one", 1, 2), item("row-2", "two", 3, 4)], modalities=("text",))
        yield opened


def judged(workspace: Workspace, *rows: Item | Refusal) -> tuple[list[Item | Refusal], int]:
    """The rows that pass, and the number of those already present."""
    additions = Additions(workspace, "words")
    return list(additions.filter(rows)), additions.present


def test_content_is_that_of_image_and_text_and_a_vector_stands_in_for_what_is_missing() -> None:
    one = Item("a", image=b"png", text="one", vectors={"text": vector(1), "vector": vector(2)})
    assert content_of(one) == (content_hash(b"png"), content_hash("one"), content_hash(vector(2)))
    assert content_of(item("a", None, 1)) == (None, content_hash(vector(1)), None)
    assert content_of(replace(one, id="b", label="x")) == content_of(one)


def test_rows_that_are_there_are_counted_and_new_ones_come_through(workspace: Workspace) -> None:
    new = item("c", "three", 5, 6)
    assert judged(workspace, item("a", "one", 1, 2), new) == ([new], 1)


def test_an_id_that_somebody_gave_may_not_have_another_content(workspace: Workspace) -> None:
    [refused], present = judged(workspace, item("a", "another", 1, 2))
    assert refused == Refusal(1, "id 'a' is in the dataset already, with another content", "a")
    assert present == 0


def test_the_same_content_under_another_given_id_is_new(workspace: Workspace) -> None:
    again = item("b", "one", 1, 2)
    assert judged(workspace, again) == ([again], 0)


def test_an_id_made_from_a_row_number_means_nothing(workspace: Workspace) -> None:
    rows = [item("row-1", "two", 3, 4), item("row-2", "new", 5, 6), item("row-2", "newer", 7, 8)]
    found, present = judged(workspace, *rows)
    assert present == 1  # known by its content, whatever its number
    assert [(each.id, each.text) for each in found if isinstance(each, Item)] == [
        ("row-2-2", "new"), ("row-2-3", "newer"),
    ]  # fmt: skip


def test_a_row_twice_in_one_file_comes_through_once(workspace: Workspace) -> None:
    one = item("c", "three", 5, 6)
    assert judged(workspace, one, one) == ([one], 1)


def test_vectors_of_another_width_are_refused_with_both_widths(workspace: Workspace) -> None:
    earlier = Refusal(1, "there is no file", "x")
    found, _ = judged(workspace, earlier, item("d", "four", 1, 2, 3))
    said = "its text vector has 3 numbers; those of the dataset have 2"
    assert found == [earlier, Refusal(2, said, "d")]
