from __future__ import annotations

from pathlib import Path

import pytest

from qlatent.errors import InputError
from qlatent.ingest import open_source


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file or folder"):
        open_source(tmp_path / "gone.csv")
    with pytest.raises(InputError, match="No file was given"):
        open_source([])


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("t.xls", "Save the sheet as .xlsx"),
        ("t.txt.gz", "Unpack it first"),
        ("t.pt", "never loaded"),
        ("t.mp4", "Choose image files, a .zip, a folder"),
    ],
)
def test_unsupported_formats_are_refused_with_a_remedy(tmp_path: Path, name: str, remedy: str) -> None:
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(InputError, match=rf"{name}: files of this kind cannot be imported\. .*{remedy}"):
        open_source(tmp_path / name)


@pytest.mark.parametrize("name", ["t.csv", "t.zip", "t.npz", "t.png", "t.txt", "t.parquet"])
def test_an_empty_file_of_any_kind_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=rf"{name} is empty \(0 bytes\)"):
        open_source(tmp_path / name)
