"""The command `qlatent triage simulate` on encoded listings: begun with a query, learned by a head, on a queue."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.cli import main
from qlatent.services.search import queries
from qlatent.services.search.neighbours import Asked, neighbours
from qlatent.services.triage import casework, queues, signals, simulations
from qlatent.services.triage.signals import Basis
from qlatent.services.triage.simulations import Question
from qlatent.store.workspace import Workspace
from tests.services.search import searched_workspace as made

QUERY = "a red mug"
LABELLED = (
    "--label",
    "seller",
    "--positive",
    "a",
    "--orders",
    "random,oldest,risk,uncertainty",
    "--seeds",
    "2",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The workspace and its head."""
    folder = tmp_path_factory.mktemp("simulating")
    with made.shop(folder / "workspace") as workspace:
        head = made.keep_head(workspace, folder / "head")
        queue = queues.create(workspace, made.SHOP, name="Q", order="oldest", by="ann").id
        for number in range(12):
            code = "violates" if number % 4 == 0 else "ok"
            casework.decide(workspace, queue, f"i{number}", code=code, reason="other", by="ann")
    return folder / "workspace", head


def run(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> dict[str, Any]:
    sys.argv = ["qlatent", "triage", "simulate", made.SHOP, *arguments, "--workspace", str(path), "--json"]
    try:
        main()
    except SystemExit as exit_:
        assert not exit_.code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_query_stands_for_the_known_bad_item(
    capsys: pytest.CaptureFixture[str], shop: tuple[Path, str]
) -> None:
    path, _ = shop
    found = run(capsys, path, *LABELLED, "--query", QUERY)
    assert list(found["orders"]) == ["random", "oldest", "risk", "uncertainty"]
    for order in found["orders"].values():
        assert order["low"] <= order["share_for_half"] <= order["high"]
    assert (
        found["perfect"]["recall_at_10"] == 3 / 8
    )  # all eight bad ones are looked for, none is known before
    with Workspace.open(path) as workspace:
        nearest = neighbours(workspace, made.SHOP, queries.text(QUERY), Asked(k=1)).hits[0].row
        labels = simulations.labels_of(workspace, made.SHOP, "seller", ["a"])
        evidence = signals.evidence(workspace, made.SHOP, Basis(columns=False), leave_out=("seller",))
        asked = Question(("risk",), every=0)
        begun = simulations.replays(evidence, labels, asked, seeds=[0], example=nearest)["risk"][0]
    assert begun.rows[0] == nearest


def test_a_head_says_what_is_learned_from(capsys: pytest.CaptureFixture[str], shop: tuple[Path, str]) -> None:
    path, head = shop
    found = run(capsys, path, *LABELLED, "--head", "small", "--no-columns", "--query", QUERY)
    assert found["basis"]["head"] == "small"
    with Workspace.open(path) as workspace:
        basis = Basis(head=head, columns=False)
        assert signals.evidence(workspace, made.SHOP, basis, leave_out=("seller",)).width == 2 * 3
        labels = simulations.labels_of(workspace, made.SHOP, "seller", ["a"])
        asked = Question(("risk",), 2, basis, QUERY, leave_out=("seller",))
        expected = simulations.simulate(workspace, made.SHOP, labels, asked)["orders"]["risk"]
    assert found["orders"]["risk"]["curve"]["recall"] == expected["curve"]["recall"]
    by_vectors = run(capsys, path, *LABELLED, "--no-columns", "--query", QUERY)
    assert found["orders"]["risk"]["curve"] != by_vectors["orders"]["risk"]["curve"]


def test_an_analyst_s_own_decisions_are_replayed(
    capsys: pytest.CaptureFixture[str], shop: tuple[Path, str]
) -> None:
    found = run(capsys, shop[0], "--queue", "q", "--seeds", "2")
    assert (found["items"], found["bad"]) == (12, 3)
    assert np.isfinite([order["wss95"] for order in found["orders"].values()]).all()
