"""What `qlatent import --preview` says: three items as they would be stored, and what is not used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from qlatent.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    sys.argv = ["qlatent", *arguments]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_examples_and_unused_columns_are_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "goods.csv"
    rows = [f"{n},a chair number {n},https://x.org/{n}.jpg,{n % 2}" for n in range(5)]
    table.write_text("\n".join(["id,title,Image Src,is_fake", *rows]), encoding="utf-8")
    code, out, _ = run(capsys, "import", str(table), "--preview", "--workspace", str(tmp_path / "ws"))
    assert code == 0
    assert "unused column Image Src: web addresses are not fetched; kept as metadata" in out
    assert [line for line in out.splitlines() if "example" in line] == [
        "  example 1",
        "  example 2",
        "  example 3",
    ]
    assert "    text: a chair number 2" in out
    assert "    label: 1" in out
    assert "a chair number 3" not in out


def test_a_preview_that_keeps_no_row_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    table = tmp_path / "goods.csv"
    table.write_text("id,title\n1,\n2,\n", encoding="utf-8")
    code, out, err = run(capsys, "import", str(table), "--preview", "--workspace", str(tmp_path / "ws"))
    assert (code, out) == (1, "")
    assert "None of the 2 rows of goods.csv can be kept; row 1: nothing to keep" in " ".join(err.split())
