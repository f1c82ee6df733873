"""What searches keep is read again when rows or vectors change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.search import stored_vectors
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.run_workspace import add

SPACE = InputSpace("shop", "text-1", "text")


def test_later_vectors_and_items_are_seen(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "shop", [Item("a", text="one"), Item("b", text="two")], modalities=("text",))
        with pytest.raises(InputError, match="no vectors of encoder 'text-1'"):
            stored_vectors.widths(workspace, "shop", "text-1")
        first, second = workspace.items.contents("shop", "text")
        workspace.items.add_embeddings("text-1", "text", [first], np.ones((1, 3), dtype=np.float32))
        before, seen = stored_vectors.now(workspace, "shop", SPACE), stored_vectors.of(workspace, SPACE)
        assert np.isfinite(seen).tolist() == [[True] * 3, [False] * 3]
        assert stored_vectors.of(workspace, SPACE) is seen  # kept
        assert stored_vectors.widths(workspace, "shop", "text-1") == {"text": 3}
        workspace.items.add_embeddings("text-1", "text", [second], np.ones((1, 3), dtype=np.float32))
        assert stored_vectors.now(workspace, "shop", SPACE) != before
        assert np.isfinite(stored_vectors.of(workspace, SPACE)).all()
        workspace.items.append("shop", [Item("c", text="three")])
        assert stored_vectors.ids(workspace, "shop").to_pylist() == ["a", "b", "c"]
        assert len(stored_vectors.of(workspace, SPACE)) == 3
