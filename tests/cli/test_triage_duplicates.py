"""The command `qlatent triage duplicates` prints groups, or a score against known pairs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from qlatent.cli import main
from qlatent.services.triage import duplicates
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.carried_out import in_process
from tests.services.run_workspace import add

GOODS = ["red kettle 2 litres", "wooden chair, oak", "trail shoes size 42", "desk lamp with clamp"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every good by two shops, in other words by the second."""
    found = tmp_path_factory.mktemp("duplicates") / "workspace"
    items = [
        Item(id=f"{shop}{number}", text=text + (" new" if shop == "b" else ""), metadata={"shop": shop})
        for shop in "ab"
        for number, text in enumerate(GOODS)
    ]
    with Workspace.open(found) as workspace:
        add(workspace, "goods", items, modalities=("text",))
    return found


def run(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    sys.argv = ["qlatent", "triage", "duplicates", "goods", *arguments, "--workspace", str(path)]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_groups_are_printed_with_their_items(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    code, out, _ = run(capsys, path, "--threshold", "0.5", "--json")
    document: dict[str, Any] = json.loads(out)
    assert (code, document["by"], document["count"], document["items"]) == (0, "text", 4, 8)
    assert document["groups"] == [
        {"representative": f"a{each}", "members": [f"a{each}", f"b{each}"]} for each in range(4)
    ]
    assert run(capsys, path, "--threshold", "0.5")[1].splitlines() == [
        "4 groups with 8 items, by text, within 0.5 (1 - cosine).",
        *(f"      2  a{each}, b{each}" for each in range(4)),
    ]


def test_a_large_dataset_is_compared_by_a_run(
    capsys: pytest.CaptureFixture[str], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(duplicates.AT_ONCE, "text", 3)
    for kept in (path / "items" / ".duplicates").glob("*"):
        kept.unlink()
    with in_process():
        assert json.loads(run(capsys, path, "--threshold", "0.5", "--json")[1])["count"] == 4


def test_known_pairs_give_a_score(capsys: pytest.CaptureFixture[str], path: Path, tmp_path: Path) -> None:
    truth = tmp_path / "pairs.csv"
    truth.write_text("left,right\n" + "".join(f"a{each},b{each}\n" for each in range(4)))
    document = json.loads(run(capsys, path, "--truth", str(truth), "--threshold", "0.5", "--json")[1])
    assert (document["f1"], document["precision"], document["recall"]) == (1, 1, 1)
    assert (document["matching"], document["source"], document["true_pairs"]) == ("one-to-one", "shop", 4)
    out = run(capsys, path, "--truth", str(truth), "--threshold", "0.5")[1]
    assert out.startswith("F1 1.000, precision 1.000, recall 1.000 within 0.5 (1 - cosine).")
    chosen = json.loads(run(capsys, path, "--truth", str(truth), "--json")[1])
    assert 0 < chosen["threshold"] < 0.5 and chosen["precision"] == 1


def test_what_cannot_be_compared_is_said(capsys: pytest.CaptureFixture[str], path: Path) -> None:
    assert "Use image, text or vector" in run(capsys, path, "--by", "sound")[2]
    assert "have no images" in run(capsys, path, "--by", "image")[2]
