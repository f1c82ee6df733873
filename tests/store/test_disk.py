import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import StoreError
from qlatent.store import disk
from tests.store.builders import listed


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (812, "812 bytes"), (3_400_000, "3.4 MB"), (25_000, "25 kB"), (2e12, "2.0 TB")],
)
def test_sizes_are_readable(size: float, words: str) -> None:
    assert disk.size_words(size) == words


def test_json_is_strict_and_plain() -> None:
    value = {
        "a": float("nan"),
        "b": np.float32(0.5),
        "c": [float("inf"), np.int64(3)],
        4: (True, None),
        "p": Path("x"),
    }
    assert json.loads(disk.json_bytes(value)) == {
        "a": None,
        "b": 0.5,
        "c": [None, 3],
        "4": [True, None],
        "p": "x",
    }


def test_a_file_is_replaced_atomically(tmp_path: Path) -> None:
    path = tmp_path / "file"
    disk.write_atomically(path, b"one")
    disk.write_atomically(path, b"two", durable=False)
    assert path.read_bytes() == b"two"
    assert listed(tmp_path) == ["file"]


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    disk.write_atomically(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        StoreError, match=r"No room on the disk for file: it filled up meanwhile, .* nothing was"
    ):
        disk.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert listed(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "full"), "No room on the disk for it"),
        (
            RuntimeError("lance error: IO: No space left on device (os error 28)"),
            "No room on the disk for it",
        ),
        (PermissionError(errno.EACCES, "no"), "cannot be written"),
        (RuntimeError("Read-only file system (os error 30)"), "cannot be written"),
    ],
)
def test_full_and_read_only_disks_are_explained(error: Exception, message: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=message) as caught, disk.explained("it", tmp_path):
        raise error
    assert caught.value.remedy
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("needed", "free", "said"),
    [
        (14_000_000, 15_000_000, r"it filled up meanwhile, .* are free now"),
        (15_400_000, 14_600_000, r"more than 15,400,000 bytes needed, 14,600,000 bytes free"),
        (16_000_000, 15_000_000, r"more than 16 MB needed, 15 MB free"),
        (10, -5, r"more than 10 bytes needed, 0 bytes free"),
        (None, None, r"it: .* free; nothing was stored"),
    ],
)
def test_needed_and_free_space_are_consistent(
    needed: int | None, free: int | None, said: str, tmp_path: Path
) -> None:
    assert re.search(said, str(disk.disk_full("it", tmp_path, needed=needed, free=free)))


def test_a_full_or_read_only_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert disk.unwritable(tmp_path) is None
    with monkeypatch.context() as patch:
        patch.setattr(disk, "free_bytes", lambda path: 0)
        assert "is full: 0 bytes free" in str(disk.unwritable(tmp_path))
    monkeypatch.setattr(disk.os, "access", lambda path, mode: False)
    assert "is read-only" in str(disk.unwritable(tmp_path))


def test_a_reserved_file_needs_no_new_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, spare = tmp_path / "status.json", tmp_path / "spare"
    path.write_bytes(b"{}")
    disk.reserve(spare)
    assert spare.stat().st_size == disk.RESERVED
    disk.write_reserved(path, spare, b'{"state": "failed"}')
    assert json.loads(path.read_bytes()) == {"state": "failed"}
    assert path.stat().st_size == disk.RESERVED
    assert listed(tmp_path) == ["status.json"]


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(KeyError), disk.explained("it", tmp_path):
        raise KeyError("bug")
