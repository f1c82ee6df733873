"""Uploaded files on disk: those that a tab looks at go when they are stored or when the tab is closed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import streamlit as st

from qlatent.services import uploads

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


@st.cache_resource(scope="session", show_spinner=False, on_release=uploads.delete)
def _of_tab() -> Path:
    return uploads.new_folder()


def kept(files: Iterable[Any]) -> tuple[str, ...]:
    """Paths of uploads that this tab goes on looking at, in place of those it looked at before."""
    forget()
    folder = _of_tab()
    folder.mkdir(mode=0o700)
    return tuple(str(path) for path in written(files, folder))


def forget() -> None:
    """Delete the uploads that this tab was looking at."""
    uploads.delete(_of_tab())
