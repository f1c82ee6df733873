"""`qlatent class`: opened with links and a code, listed, its answers written, and ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from qlatent import network
from qlatent.cli import main
from qlatent.services.classes import answering, joining
from qlatent.services.lessons import preparing
from qlatent.services.lessons.library import library
from qlatent.store.workspace import Workspace


def run(capsys: pytest.CaptureFixture[str], path: Path, *arguments: str) -> tuple[int, Any]:
    sys.argv = ["qlatent", "class", *arguments, "--workspace", str(path), "--json"]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_a_class_from_its_opening_to_its_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        preparing, "prepare", lambda workspace, needs: None
    )  # takes a minute, and has tests of its own
    monkeypatch.setattr(network, "reachable", lambda: "10.0.0.7")
    path, first = tmp_path / "workspace", library().lessons[0]
    code, opened = run(capsys, path, "open", "--name", "Physics", "--no-serve", "--port", "8600")
    assert (code, opened["name"], opened["lesson"], opened["step"]) == (
        0,
        "Physics",
        first.id,
        first.steps[0].id,
    )
    assert opened["join"] == f"http://10.0.0.7:8600/learn?class={opened['code']}"
    assert opened["teacher"].startswith(opened["join"] + "&teacher=")
    with Workspace.open(path) as workspace:
        mia = joining.join(workspace, opened["code"], "Mia").student
        answering.give(workspace, mia, lesson=first.id, step="numbers", answer="=1+1", right=False)
    _, listed = run(capsys, path, "list")
    assert [(each["code"], each["students"], each["answers"]) for each in listed["classes"]] == [
        (opened["code"], 1, 1)
    ]
    out = tmp_path / "answers.csv"
    code, told = run(capsys, path, "export", opened["code"].lower(), "--out", str(out), "--no-nicknames")
    assert (code, told["answers"]) == (0, 1)
    written = out.read_text(encoding="utf-8")
    assert (
        "student 1" in written and "Mia" not in written and "'=1+1" in written
    )  # no formula for a spreadsheet
    assert run(capsys, path, "close", opened["code"])[1]["closed"]
    code, refused = run(capsys, path, "close", "NOBODY")
    assert code == 1 and "no class with the code" in refused["error"]["message"]


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "0.0.0.0", "::1"])
def test_an_address_that_students_cannot_open_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    code, refused = run(capsys, tmp_path / "workspace", "open", "--no-serve", "--address", address)
    assert code == 1 and f"cannot open {address}" in refused["error"]["message"]


def test_a_class_is_not_opened_where_nothing_can_serve_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "workspace"
    code, refused = run(capsys, path, "open", "--address", "203.0.113.9")  # of nobody (RFC 5737)
    assert code == 1 and "cannot listen on 203.0.113.9" in refused["error"]["message"]
    assert run(capsys, path, "list")[1]["classes"] == []


def test_a_machine_without_a_network_asks_for_an_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "reachable", lambda: "")
    code, refused = run(capsys, tmp_path / "workspace", "open", "--no-serve")
    assert code == 1 and "--address" in refused["error"]["remedy"]
