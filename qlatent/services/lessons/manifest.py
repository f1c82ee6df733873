"""The data and trainings that lessons name, read from the package. Torch-free."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

import qlatent
from qlatent.errors import InputError
from qlatent.registry import did_you_mean

LESSONS = Path(qlatent.__file__).parent / "lessons"
DATA = LESSONS / "data"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LessonData(_Part):
    """A data set that is shipped with the lessons: files that are imported together."""

    title: str
    files: Annotated[tuple[str, ...], Field(min_length=1)]


class Training(_Part):
    """One training on a data set."""

    data: str
    head: str
    objective: str
    title: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)


class GridOfTrainings(_Part):
    """An experiment: several heads over several seeds."""

    title: str
    data: str
    heads: tuple[str, ...]
    objective: str
    dim: int
    seeds: int
    settings: dict[str, Any] = Field(default_factory=dict)


class Manifest(_Part):
    """Everything that lessons can name."""

    data: dict[str, LessonData]
    runs: dict[str, Training]
    experiments: dict[str, GridOfTrainings]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the `needs` of a lesson can have."""
        return (*self.runs, *self.experiments)

    def check(self, name: str) -> None:
        """Raise `InputError` for a name that is neither a training nor an experiment."""
        if name not in self.names:
            raise InputError(
                f"There is no training called {name!r} for lessons.", remedy=did_you_mean(name, self.names)
            )


@lru_cache(maxsize=1)
def manifest() -> Manifest:
    """The manifest of the package."""
    return Manifest.model_validate(tomllib.loads((DATA / "trainings.toml").read_text(encoding="utf-8")))
