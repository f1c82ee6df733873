"""Writes uploaded files to disk; a tab's files are deleted when they are stored or when the tab is closed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import streamlit as st

from qlatent.services import uploads

PIECE = 1 << 20


def written(files: Iterable[Any], folder: Path) -> list[Path]:
    """Write each upload to `folder` under the last part of its name; equal names get a number, none is overwritten."""
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


@st.cache_resource(scope="session", show_spinner=False, on_release=uploads.delete)
def _of_tab() -> Path:
    return uploads.new_folder()


def kept(files: Iterable[Any]) -> tuple[str, ...]:
    """Paths of this tab's uploads; the tab's earlier uploads are deleted."""
    forget()
    folder = _of_tab()
    folder.mkdir(mode=0o700)
    return tuple(str(path) for path in written(files, folder))


def forget() -> None:
    """Delete this tab's uploads."""
    uploads.delete(_of_tab())
