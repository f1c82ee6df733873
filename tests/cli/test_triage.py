"""`qlatent triage`: a queue from the first case to its log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qlatent.cli import main
from qlatent.services.triage import learning
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("triage") / "workspace") as opened:
        yield opened


def test_a_queue_is_worked_undone_and_its_log_written(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def done(*arguments: str, code: int = 0) -> Any:
        sys.argv = ["qlatent", "triage", *arguments, "--workspace", str(workspace.path), "--json"]
        ended = 0
        try:
            main()
        except SystemExit as exit_:
            ended = int(exit_.code or 0)
        out = capsys.readouterr().out
        assert ended == code, out
        return json.loads(out)

    made = done(
        "create", "shop", "--name", "Q", "--order", "column:price", "--where", "label=pear", "--by", "ann"
    )
    assert (made["queue"], made["cases"], made["open"], made["owner"]) == (
        "q",
        9,
        9,
        "ann",
    )  # item 7 has no label
    case = done("next", "Q", "--by", "ann")
    assert case["item"] == "item-28" and case["why"] == "order"
    refused = done("decide", "q", "item-28", "--as", "violates", "--by", "ann", code=1)
    assert "needs a reason" in refused["error"]["message"]
    decided = done("decide", "q", "item-28", "--as", "violates", "--reason", "repost", "--by", "ann")
    assert done("next", "q", "--by", "ann")["item"] == "item-22"
    assert done("skip", "q", "item-22", "--by", "ann")["item"] == "item-22"
    assert done("undo", "q", "--by", "ann")["kind"] == "skipped"
    taken = done("decide", "q", "item-28", "--as", "ok", "--by", "bob", code=1)
    assert "ann decided it as 'violates'" in taken["error"]["message"]
    undone = done("undo", "q", "--by", "ann")
    assert undone == {"undone": decided["event"], "kind": "decided", "code": "violates", "items": ["item-28"]}
    assert done("verify", "q") == {"differences": []}
    out = tmp_path / "audit.jsonl"
    assert done("log", "q", "--out", str(out))["events"] == 5
    kinds = [json.loads(line)["kind"] for line in out.read_text().splitlines()]
    assert kinds == ["created", "decided", "skipped", "undone", "undone"]
    assert done("decisions", "q", "--out", str(tmp_path / "d.csv"))["decisions"] == 0
    assert (
        done("permit", "ann", "--may", "decide,fly", code=1)["error"]["message"]
        == "There is no permission 'fly'."
    )
    assert [each["queue"] for each in done("list")["queues"]] == ["q"]
    page = tmp_path / "case.html"
    done("report", "q", "item-28", "--out", str(page))
    text = page.read_text()
    assert "a green soft pear number 28" in text and "decided, undone" in text and "Posted again" in text


@pytest.mark.slow
def test_a_decision_starts_learning_that_outlives_the_command(workspace: Workspace) -> None:
    from tests.browser.explore_page import until

    def done(*arguments: str) -> None:
        command = [sys.executable, "-m", "qlatent", "triage", *arguments, "--workspace", str(workspace.path)]
        subprocess.run(command, check=True, env=os.environ | {"QLATENT_LEARN_BESIDE": "true"})

    done("create", "shop", "--name", "Learned", "--order", "risk", "--by", "ann")
    done("decide", "learned", "item-02", "--as", "violates", "--reason", "repost", "--by", "ann")
    until(lambda: learning.about(workspace, "learned").get("bad") == 1)
    done("undo", "learned", "--by", "ann")
    until(lambda: learning.about(workspace, "learned").get("bad") == 0)
