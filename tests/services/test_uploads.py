"""Folders of uploads: deleted after use, or at the next start after a crash."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from qlatent.services import uploads


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_uploads_that_are_used_at_once_go_with_the_block(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), uploads.temporary() as folder:
        (folder / "a").write_bytes(b"1")
        raise ZeroDivisionError
    assert not list(place.iterdir())


def test_uploads_of_dead_processes_are_swept_and_those_in_use_stay(place: Path) -> None:
    mine = uploads.new_folder()
    dead = place / "qlatent-upload-999999999-1700000000-abc"
    reused = place / f"qlatent-upload-{os.getpid()}-1700000000-abc"  # this number belonged to another process
    nameless, old = place / "qlatent-upload-x8f7", place / "qlatent-upload-y8f7"
    for folder in (dead, reused, nameless, old):
        folder.mkdir()
        (folder / "large").write_bytes(b"0" * 100)
    os.utime(old, (1, 1))
    assert set(uploads.sweep()) == {dead.name, reused.name, old.name}
    assert {folder.name for folder in place.iterdir()} == {mine.name, nameless.name}
