"""A map of vectors is made once for each state of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.vectors.planes import vector_map
from qlatent.store.workspace import Workspace
from qlatent.types import Item

COUNT, WIDTH = 20, 4
VECTORS = np.random.default_rng(0).normal(size=(COUNT + 1, WIDTH)).astype(np.float32)


def item(row: int) -> Item:
    return Item(f"i{row}", vectors={"vector": VECTORS[row]})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.open(tmp_path)
    made.items.create("d", map(item, range(COUNT)))
    return made


def test_a_map_is_kept_until_rows_or_vectors_change(workspace: Workspace) -> None:
    first = vector_map(workspace, "d", "given")
    assert vector_map(workspace, "d", "given", view="vector") is first
    assert vector_map(workspace, "d", "given", dimensions=3).places["vector"].shape == (COUNT, 3)

    workspace.items.append("d", [item(COUNT)])
    second = vector_map(workspace, "d", "given")
    assert second.rows.tolist() == list(range(COUNT + 1))
    np.testing.assert_allclose(second.norms["vector"], np.linalg.norm(VECTORS, axis=1), rtol=1e-6)

    workspace.items.add_embeddings("given", "vector", ["other"], VECTORS[:1])
    assert vector_map(workspace, "d", "given") is not second
    assert vector_map(workspace, "d", "given", version=workspace.items.version("d") - 1).rows.size == COUNT


def test_a_kept_map_cannot_be_changed(workspace: Workspace) -> None:
    found = vector_map(workspace, "d", "given")
    with pytest.raises(ValueError, match="read-only"):
        found.places["vector"][0] = 0.0
    with pytest.raises(InputError, match="no view called 'text'"):
        vector_map(workspace, "d", "given", view="text")
