"""Uploaded files on disk, written piece by piece under names that cannot lead anywhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

PIECE = 1 << 20


def written(files: Iterable[Any], folder: Path) -> list[Path]:
    """Each upload as a file in `folder`; of a name only its last part counts, and none is overwritten."""
    paths = []
    for number, file in enumerate(files):
        name = PurePosixPath(file.name.replace("\\", "/")).name or f"upload-{number}"
        path = folder / name
        if path.exists():
            path = folder / f"{number}-{name}"
        file.seek(0)
        with path.open("wb") as target:
            shutil.copyfileobj(file, target, PIECE)
        paths.append(path)
    return paths
