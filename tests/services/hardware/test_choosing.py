"""Heads and items to choose from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.services.hardware import choosing
from qlatent.services.hardware.choosing import Wanted
from qlatent.services.selections.definitions import Ids
from qlatent.store.workspace import Workspace
from tests.services.hardware.executing import furnished, pca

SOME = Ids(ids=tuple(f"item-{number:03}" for number in range(10, 20)))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    path: Path = tmp_path_factory.mktemp("choosing")
    made, _ = furnished(path)
    pca(made, path / "axes")
    yield made
    made.close()


def test_heads_without_a_circuit_are_named_with_the_reason(workspace: Workspace) -> None:
    usable, others = choosing.heads(workspace)
    assert [each.name for each in usable] == ["Two qubits"]
    assert [(each.name, reason) for each, reason in others] == [
        ("Axes", "has no circuit, so a device has nothing to execute")
    ]


def test_the_first_and_the_drawn_items_are_named_by_their_ids(workspace: Workspace) -> None:
    first, _ = choosing.narrowed(workspace, "pairs", Wanted(SOME, taking="first", count=3))
    assert first == Ids(ids=("item-010", "item-011", "item-012"))
    drawn = [
        choosing.narrowed(workspace, "pairs", Wanted(SOME, taking="drawn", count=4, seed=seed))[0]
        for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0].ids) == 4 and set(drawn[0].ids) <= set(SOME.ids)  # type: ignore[union-attr]


def test_all_and_evenly_spaced_items_are_left_to_the_request(workspace: Workspace) -> None:
    assert choosing.narrowed(workspace, "pairs", Wanted(SOME, taking="all")) == (SOME, 0)
    assert choosing.narrowed(workspace, "pairs", Wanted(None, taking="evenly", count=7)) == (None, 7)
