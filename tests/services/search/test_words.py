"""Full text: which items match, and their order by BM25 against a plain computation."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import InputError, StoreError
from qlatent.services.search import words
from qlatent.services.search.words import Part
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.run_workspace import add

TEXTS = [
    "A red garden chair", "Red, red and RED again", "the chair of the garden", "a wooden redwood table",
    "Café für Ärzte", "", "red-brown chair (garden)", "x_red",
]  # fmt: skip


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("words") / "workspace") as opened:
        items = [
            Item(
                f"i{row}",
                text=text or None,
                label="thing",
                metadata={"maker": "Red Ltd" if row == 3 else "Blue"},
            )
            for row, text in enumerate(TEXTS)
        ]
        add(opened, "shop", items)
        yield opened


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("red", [0, 1, 6]),
        ("chair garden", [0, 2, 6]),
        ('"garden chair"', [0]),
        ("red*", [0, 1, 3, 6]),
        ("chair -red", [2]),
        ('red -"garden chair"', [1, 6]),
        ("café", [4]),
        ("ärzte", [4]),
        ("(garden),", [0, 2, 6]),
        ("brown", [6]),
        ("zebra", []),
    ],
)
def test_all_words_must_occur_as_whole_words(workspace: Workspace, text: str, rows: list[int]) -> None:
    assert np.flatnonzero(words.matching(workspace, "shop", text)).tolist() == rows
    assert sorted(words.ranked(workspace, "shop", text)[0].tolist()) == rows


def test_the_order_is_that_of_bm25(workspace: Workspace) -> None:
    rows, scores = words.ranked(workspace, "shop", "red chair")
    tokens = [re.findall(r"\w+", text.lower()) for text in TEXTS]
    mean = sum(map(len, TEXTS)) / len(TEXTS)
    expected = {}
    for row in (0, 6):
        total = 0.0
        for word in ("red", "chair"):
            having = sum(word in each for each in tokens)
            count = tokens[row].count(word)
            length = 1.2 * (1 - 0.75 + 0.75 * len(TEXTS[row]) / mean)
            total += (
                math.log(1 + (len(TEXTS) - having + 0.5) / (having + 0.5)) * count * 2.2 / (count + length)
            )
        expected[row] = total
    assert rows.tolist() == sorted(expected, key=lambda row: -expected[row])
    np.testing.assert_allclose(scores, sorted(expected.values(), reverse=True))


def test_a_repeated_word_ranks_higher(workspace: Workspace) -> None:
    assert words.ranked(workspace, "shop", "red")[0].tolist()[0] == 1


def test_columns_are_searched_too_and_rows_can_be_restricted(workspace: Workspace) -> None:
    both = words.matching(workspace, "shop", "red", columns=("text", "maker"))
    assert np.flatnonzero(both).tolist() == [0, 1, 3, 6]
    assert words.matching(workspace, "shop", "thing", columns=("text", "label")).all()
    among = np.arange(len(TEXTS)) < 1
    assert words.ranked(workspace, "shop", "red", among=among)[0].tolist() == [0]


def test_a_later_import_is_found_at_once(workspace: Workspace) -> None:
    add(workspace, "more", [Item("a", text="zebra")], modalities=("text",))
    assert words.matching(workspace, "more", "zebra").tolist() == [True]
    workspace.items.append("more", [Item("b", text="another zebra")])
    assert words.matching(workspace, "more", "zebra").tolist() == [True, True]


def test_what_cannot_be_searched_is_refused(workspace: Workspace) -> None:
    for text in ("", "  ", "-red", '""', "*"):
        with pytest.raises(InputError, match="no word to search for"):
            words.parts(text)
    with pytest.raises(InputError, match="no column 'colour'"):
        words.matching(workspace, "shop", "red", columns=("colour",))
    with pytest.raises(StoreError, match="no dataset 'nothing'"):
        words.matching(workspace, "nothing", "red")


def test_a_search_is_read_into_parts() -> None:
    assert words.parts('red "garden  chair" wood* -plastic') == [
        Part("red"), Part("garden  chair"), Part("wood", begins=True), Part("plastic", without=True)
    ]  # fmt: skip
