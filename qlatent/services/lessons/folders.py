"""Where lessons lie: in the package, and in a folder of one's own. Torch-free."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import qlatent
from qlatent.settings import settings

LESSONS = Path(qlatent.__file__).parent / "lessons"
DATA = LESSONS / "data"
FILE, TRAININGS = "lesson.md", "trainings.toml"
OWN = "lessons"  # in a workspace
_HIDDEN = (".", "_")  # first letters of folders that hold no lesson
_WORKSPACE: ContextVar[Path | None] = ContextVar("workspace", default=None)


def own() -> Path:
    """The folder of a person's own lessons: QLATENT_LESSONS, else `lessons` in the workspace; it may not exist."""
    chosen = settings()
    if chosen.lessons != Path():
        return chosen.lessons
    return (_WORKSPACE.get() or chosen.workspace) / OWN


@contextmanager
def beside(workspace: Path) -> Iterator[None]:
    """In this context the own lessons are those of another workspace than that of the settings."""
    token = _WORKSPACE.set(workspace)
    try:
        yield
    finally:
        _WORKSPACE.reset(token)


def found(*places: Path) -> list[Path]:
    """The folders of lessons in these places, by name; by default in the package, then in the person's own folder.

    In the package only what has a `lesson.md` is a lesson. Two folders of one name are both there, the first place
    first.
    """
    folders = [
        each
        for place in places or (LESSONS, own())
        for each in sorted(place.iterdir() if place.is_dir() else ())
        if each.is_dir() and not each.name.startswith(_HIDDEN)
        if place != LESSONS or (each / FILE).is_file()
    ]
    return sorted(folders, key=lambda each: each.name)  # stable: the first place stays first


def first(*places: Path) -> dict[str, Path]:
    """The folder of each lesson by its id; of two folders with one name the first counts."""
    lessons: dict[str, Path] = {}
    for each in found(*places):
        lessons.setdefault(each.name, each)
    return lessons


def inside(folder: Path, name: str) -> Path | None:
    """The file of this name in a folder; None for one that lies outside of it."""
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder.resolve()) else None
