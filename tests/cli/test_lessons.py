"""`qlatent lessons`: what there is, and that a lesson holds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from qlatent.cli import main
from tests.carried_out import in_process


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    sys.argv = ["qlatent", "lessons", *arguments, "--json"]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    return code, json.loads(capsys.readouterr().out)


def test_lessons_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "list")
    first = told["lessons"][0]
    assert (code, first["id"], first["title"]) == (0, "01-latent-space", "What is a latent space?")
    assert list(first) == ["id", "title", "minutes", "steps", "questions"]


def test_an_unknown_lesson_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "check", "03-qubit", "--workspace", str(tmp_path / "workspace"))
    assert (code, told["error"]["remedy"]) == (1, "did you mean '03-qubits'?")


def test_a_lesson_is_written_as_a_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "lesson.ipynb"
    code, told = run(capsys, "export", "03-qubits", "--out", str(out))
    assert (code, told) == (0, {"notebooks": [{"id": "03-qubits", "out": str(out)}]})
    assert 'open_lesson("03-qubits")' in "".join(cell.source for cell in nbformat.read(out, 4).cells)
    code, told = run(capsys, "export", "03-qubits", "--out", str(out))
    assert (code, told["error"]["remedy"]) == (1, "Choose another name, or add --force.")
    assert run(capsys, "export", "03-qubits", "--out", str(out), "--force")[0] == 0
    code, told = run(capsys, "export", "03-qubit", "--out", str(tmp_path / "other.ipynb"))
    assert (code, told["error"]["remedy"]) == (1, "did you mean '03-qubits'?")


def test_all_lessons_are_written_to_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "export", "--out", str(tmp_path / "lessons"))
    listed = run(capsys, "list")[1]["lessons"]
    assert code == 0 and [each["id"] for each in told["notebooks"]] == [each["id"] for each in listed]
    assert all(Path(each["out"]).is_file() for each in told["notebooks"])


@pytest.mark.slow
def test_a_lesson_is_prepared_and_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with in_process():
        code, told = run(capsys, "check", "03-qubits", "--workspace", str(tmp_path / "workspace"))
    assert (code, told) == (0, {"lessons": 1, "steps": 8, "questions": 8, "failed": []})
