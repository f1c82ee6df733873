"""Stored vectors as arrays: missing rows, widths and the default encoder."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import InputError, StoreError
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.run_workspace import add


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """`words`: three texts, two with an imported 2-d vector, and 3-d vectors of an encoder."""
    with Workspace.open(tmp_path_factory.mktemp("stored") / "workspace") as opened:
        vectors = [{"text": np.array([1, 2], np.float32)}, {}, {"text": np.array([3, 4], np.float32)}]
        items = [
            Item(f"i{number}", text=f"text {number}", vectors=each) for number, each in enumerate(vectors)
        ]
        add(opened, "words", items, modalities=("text",))
        hashes = opened.items.contents("words", "text")
        opened.items.add_embeddings("builtin", "text", hashes, np.arange(9, dtype=np.float32).reshape(3, 3))
        add(opened, "bare", [Item("x", text="alone")], modalities=("text",))
        yield opened


def test_rows_without_a_vector_are_nan(workspace: Workspace) -> None:
    found = stored.read(workspace, "words", stored.GIVEN, modalities=("text",))["text"]
    np.testing.assert_array_equal(found, [[1, 2], [np.nan, np.nan], [3, 4]])
    assert found.dtype == np.float32
    made = stored.read(workspace, "words", "builtin", modalities=("text",))["text"]
    np.testing.assert_array_equal(np.sort(made, axis=0), np.arange(9).reshape(3, 3))


@pytest.mark.parametrize("key", [stored.GIVEN, "builtin"])
def test_mapped_vectors_are_those_that_are_read(workspace: Workspace, key: str) -> None:
    expected = stored.read(workspace, "words", key, modalities=("text",))["text"]
    found = stored.mapped(workspace, "words", key, "text", version=workspace.items.version("words"))
    np.testing.assert_array_equal(found, expected)
    assert not found.flags.writeable


def test_given_vectors_have_a_column_of_their_own() -> None:
    assert stored.hash_column("given", "image") == "given_image"
    assert stored.hash_column("clip", "image") == "image_hash"


def test_a_vector_is_whole_when_it_is_finite_and_has_a_direction() -> None:
    rows = np.array([[1, 0], [0, 0], [np.nan, 1], [np.inf, 1], [-1, 2]], dtype=np.float32)
    assert stored.whole(rows).tolist() == [True, False, False, False, True]
    other = np.ones((5, 3), dtype=np.float32)
    other[4] = 0
    assert stored.complete({"image": rows, "text": other}).tolist() == [0]


def test_widths_are_those_of_the_encoder(workspace: Workspace) -> None:
    assert stored.widths(workspace, "words", "given") == {"text": 2}
    assert stored.widths(workspace, "words", "builtin") == {"text": 3}
    with pytest.raises(
        InputError,
        match=r"of encoder 'clip'\. Encode first: `qlatent encode words.*vectors of builtin, given\.",
    ):
        stored.widths(workspace, "words", "clip")


def test_the_preferred_encoder_is_taken_or_the_only_one(workspace: Workspace) -> None:
    assert stored.choose(workspace, "words", preferred="given") == "given"
    with pytest.raises(InputError, match=r"'words' was encoded by 2 encoders: .*\. Name one of them"):
        stored.choose(workspace, "words", preferred="clip")
    with pytest.raises(InputError, match=r"'bare' have no vectors yet\. Encode first"):
        stored.choose(workspace, "bare")
    with pytest.raises(StoreError, match="no dataset 'nothing'"):
        stored.choose(workspace, "nothing")
    hashes = workspace.items.contents("bare", "text")
    workspace.items.add_embeddings("clip", "text", hashes, np.ones((1, 2), dtype=np.float32))
    assert stored.choose(workspace, "bare", preferred="given") == "clip"
