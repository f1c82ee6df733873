from __future__ import annotations

from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.ingest import Limits, open_source
from tests.ingest.builders import read


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_become_texts_numbered_as_in_an_editor(tmp_path: Path, encoding: str, end: str) -> None:
    (tmp_path / "t.txt").write_bytes(end.join(["first é", "", "third"]).encode(encoding))
    items, refusals = read(tmp_path / "t.txt")
    assert [(item.id, item.text) for item in items] == [("row-1", "first é"), ("row-3", "third")]
    assert not refusals


def test_blank_lines_are_counted_once_a_reading(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a\n\n  \nb\n")
    source = open_source(tmp_path / "t.txt")
    for _ in range(2):
        list(source.rows())
        assert source.remarks() == ("blank lines skipped (2×)",)


def test_a_line_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("short\n" + "x" * 31)
    _, refusals = read(tmp_path / "t.txt", limits=Limits(max_text_characters=30))
    assert [(refusal.row, refusal.reason) for refusal in refusals] == [
        (2, "its text has 31 characters; the limit is 30")
    ]


@pytest.mark.parametrize(
    ("content", "message"), [(b"\n\n ", "is empty"), (b"\x00\xff\x00\x01" * 9, "is not a text file")]
)
def test_files_without_text_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "t.txt").write_bytes(content)
    with pytest.raises(InputError, match=message):
        open_source(tmp_path / "t.txt").rows()
