"""Replays of a dataset's labels and of a queue's decisions, and the command `qlatent triage simulate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.cli import main
from qlatent.errors import ConfigError, InputError
from qlatent.metrics.statistics.differences import mean_interval
from qlatent.services.triage import casework, learning, queues, signals, simulations
from qlatent.services.triage.simulations import Question
from qlatent.store.workspace import Workspace
from qlatent.triage import simulation
from tests.services import shop_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("simulations") / "workspace") as opened:
        yield opened


def test_labels_are_read_from_columns_of_every_type(workspace: Workspace) -> None:
    pears = simulations.labels_of(workspace, "shop", "label", ["pear"])
    expected = [float(number % 3 == 1) if number != 7 else np.nan for number in range(30)]
    np.testing.assert_array_equal(pears, expected)
    fresh = simulations.labels_of(workspace, "shop", "fresh", ["true"])
    assert fresh.tolist() == [float(number % 2 == 0) for number in range(30)]
    with pytest.raises(InputError, match="no column 'ripe'"):
        simulations.labels_of(workspace, "shop", "ripe", ["true"])
    with pytest.raises(InputError, match="No item has 'melon'"):
        simulations.labels_of(workspace, "shop", "label", ["melon"])


def test_figures_and_their_intervals_are_those_of_the_replays(workspace: Workspace) -> None:
    labels = simulations.labels_of(workspace, "shop", "label", ["pear"])
    asked = Question(("risk", "duplicates"), seeds=3, leave_out=("label",))
    found = simulations.simulate(workspace, "shop", labels, asked)
    assert list(found["orders"]) == ["random", "oldest", "risk", "duplicates"]
    assert (found["items"], found["bad"]) == (29, 9)
    evidence = signals.evidence(workspace, "shop", asked.basis, leave_out=("label",))
    made = simulations.replays(evidence, labels, asked, seeds=range(3))
    for name, replays in made.items():
        shares = [simulation.figures(each.bad).share_for_half for each in replays]
        mean, low, high = mean_interval(shares)
        told = found["orders"][name]
        assert (told["share_for_half"], told["low"], told["high"]) == pytest.approx((mean, low, high))
        assert told["curve"]["recall"][-1] == 1
    assert found["orders"]["risk"]["share_for_half"] < 0.6 < found["orders"]["random"]["share_for_half"]
    less = found["orders"]["risk"]["against"]["random"]["share_for_half"]["mean"]
    assert less == pytest.approx(
        found["orders"]["risk"]["share_for_half"] - found["orders"]["random"]["share_for_half"]
    )
    assert found["perfect"]["recall_at_10"] == pytest.approx(3 / 8)
    with pytest.raises(ConfigError, match="no order called 'luck'"):
        simulations.simulate(workspace, "shop", labels, Question(("luck",)))
    with pytest.raises(InputError, match="nothing to look for"):
        simulations.simulate(workspace, "shop", np.zeros(30), Question(("risk",), seeds=1))


def test_a_column_that_tells_the_label_is_left_out_of_what_is_learned(workspace: Workspace) -> None:
    """What is fresh has nothing to do with the vectors: only the column itself could tell it."""
    labels = simulations.labels_of(workspace, "shop", "fresh", ["true"])
    told, hidden = (
        simulations.simulate(workspace, "shop", labels, Question(("risk",), 2, leave_out=names))["orders"][
            "risk"
        ]
        for names in ((), ("fresh",))
    )
    assert told["time_to_discovery"] + 0.05 < hidden["time_to_discovery"]


def test_a_queue_s_own_decisions_are_learned_from_and_replayed(workspace: Workspace) -> None:
    queue = queues.create(workspace, "shop", name="Q", order="oldest", by="ann").id
    kinds = {0: "ok", 1: "violates", 2: "ok", 3: "unsure", 4: "violates"}
    assert learning.about(workspace, queue) == {}
    for row, code in kinds.items():
        casework.decide(workspace, queue, f"item-{row:02}", code=code, reason="other", by="ann")
    dataset, labels = simulations.decisions_of(workspace, queue)
    assert dataset == "shop"
    assert labels[:5].tolist() == pytest.approx([0, 1, 0, np.nan, 1], nan_ok=True)
    assert np.isnan(labels[5:]).all()
    found = learning.learn(workspace, queue)
    assert (found.about["bad"], found.about["good"], found.about["calibrated"]) == (2, 2, False)
    pears, risks = np.arange(30) % 3 == 1, found.values["risk"]
    assert np.quantile(risks[pears], 0.1) > np.quantile(risks[~pears], 0.8)
    assert np.isfinite(found.values["disagreement"]).all()


def run(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> tuple[int, Any]:
    sys.argv = ["qlatent", "triage", "simulate", "shop", *arguments, "--workspace", str(path), "--json"]
    code = 0
    try:
        main()
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_the_command_prints_what_the_service_finds(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = run(
        capsys, workspace.path, "--label", "label", "--positive", "pear", "--seeds", "2", "--orders", "risk"
    )
    assert code == 0
    labels = simulations.labels_of(workspace, "shop", "label", ["pear"])
    expected = simulations.simulate(workspace, "shop", labels, Question(("risk",), 2, leave_out=("label",)))
    assert found["orders"]["risk"]["share_for_half"] == expected["orders"]["risk"]["share_for_half"]
    assert set(found["orders"]) == {"risk", "random", "oldest"}
    assert found["prevalence"] == pytest.approx(9 / 29)
    code, found = run(capsys, workspace.path, "--orders", "risk")
    assert code == 1
    assert "not clear what is bad" in found["error"]["message"]
