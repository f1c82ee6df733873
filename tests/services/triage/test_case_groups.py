"""What stands beside a case: its near-duplicates with their decisions, and its place on the map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlatent.services.search import stored_vectors
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.services.triage import cases, casework, duplicates, near, places, queues
from qlatent.services.triage.near import Group
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    opened = shop_workspace.shop(tmp_path / "workspace")
    queues.create(opened, "shop", name="Flagged", order="oldest", by="ann")
    return opened


def group(shop: Workspace, item: str, threshold: float | None) -> Group | None:
    case = cases.case(shop, "flagged", item)
    return near.of_case(shop, case, by="vector", threshold=threshold, encoder="given")


def test_the_group_of_a_case_has_every_member_with_its_distance_and_decision(shop: Workspace) -> None:
    assert group(shop, "item-04", 0.3) is None  # nothing was compared yet
    made = duplicates.groups(shop, "shop", by="vector", threshold=0.3)
    vectors = stored_vectors.of(shop, InputSpace("shop", "given", "image")).astype(np.float64)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    casework.decide(shop, "flagged", "item-01", code="ok", by="bob")
    found = group(shop, "item-04", 0.3)
    assert found is not None
    members = made.members(int(made.group[4]))
    assert len(members) > 2 and found.items == tuple(f"item-{row:02}" for row in members)
    wanted = {f"item-{row:02}": 1 - unit[4] @ unit[row] for row in members if row != 4}
    shown = sorted(wanted, key=lambda item: wanted[item])[: near.SHOWN]
    assert [each.tile.item for each in found.others] == shown
    assert [each.distance for each in found.others] == pytest.approx(
        [wanted[each] for each in shown], abs=1e-5
    )
    assert found.open == len(members) - (1 in members)
    assert {each.tile.item: each.tile.code for each in found.others}.get("item-01", "ok") == "ok"
    assert [each.tile.item for each in found.others if each.first] == [
        i for i in shown if i == found.items[0]
    ]
    assert group(shop, "item-04", 0.0) == Group("vector", 0.0, (), 0, ())
    assert (
        near.of_case(shop, cases.case(shop, "flagged", "item-04"), by="image", threshold=None, encoder="")
        is None
    )


def test_places_are_those_of_the_map_within_a_percent_of_its_edge(shop: Workspace) -> None:
    found = places.places(shop, "shop", "given")
    assert found.rows.tolist() == list(range(30)) and int(found.density.astype(bool).sum()) <= 30
    low, high = found.places.min(axis=0), found.places.max(axis=0)
    assert low.tolist() == pytest.approx([0.01 / 1.02] * 2) and high.tolist() == pytest.approx(
        [1.01 / 1.02] * 2
    )
    across, up = found.of(7) or (0.0, 0.0)
    row, column = int((1 - up) * places.SIDE), int(across * places.SIDE)
    assert found.density[row, column] >= 255 * places.FAINTEST - 1
    assert found.of(30) is None
