"""Uploads on disk."""

from __future__ import annotations

import io
from pathlib import Path

from qlatent.ui.shell.uploads import written


class Upload(io.BytesIO):
    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name


def test_names_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    paths = written(
        [Upload("../../etc/passwd", b"a"), Upload("..\\b.csv", b"b"), Upload("..", b"c")], tmp_path
    )
    assert [path.parent for path in paths] == [tmp_path] * 3
    assert paths[1].read_bytes() == b"b"


def test_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    first, second = written([Upload("a.png", b"1"), Upload("x/a.png", b"2")], tmp_path)
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
