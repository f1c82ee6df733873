"""The data and trainings that lessons name: those of the package, and those that a lesson's folder brings. Torch-free.

What the folder of a lesson brings is known to all by `lesson/name`; in the lesson itself the name alone is enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qlatent.errors import InputError, QlatentError
from qlatent.hardware.work import Mitigation
from qlatent.registry import did_you_mean, entry
from qlatent.services.lessons import folders
from qlatent.teaching.lesson import LessonError
from qlatent.teaching.lines import Lines, line_in_table, values

HERE, TWIN = ("exact", "shots"), "twin:"
"""Devices of jobs: simulators, and the twins of devices by the prefix of their names."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Drawing(_Part):
    """Pictures that are drawn where they are needed: `each` of every kind, `side` × `side` pixels."""

    kinds: Annotated[tuple[str, ...], Field(min_length=2)]
    each: Annotated[int, Field(ge=1)]
    side: Annotated[int, Field(ge=8)] = 96
    seed: int = 0


class LessonData(_Part):
    """A data set of lessons: files that are shipped and imported together, or pictures that are drawn.

    With an `encoder` it is encoded, and so are `views` augmented views of each picture. Without one it holds vectors.
    """

    title: str
    files: tuple[str, ...] = ()
    drawn: Drawing | None = None
    encoder: str = ""
    views: int = 0

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.files) == bool(self.drawn):
            raise ValueError("data are either files or drawn")
        if self.views and not self.encoder:
            raise ValueError("views need an encoder")
        return self


class Training(_Part):
    """One training on a data set, with the seed 0; one whose settings name a seed is shown with that one alone."""

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


class DeviceJob(_Part):
    """The circuit of a training, executed for its items on a device or a simulator."""

    title: str  # as the map names it
    run: str
    device: str  # as in `hardware.opening`, such as "shots" or "twin:fake_paris"
    shots: Annotated[int, Field(ge=0)]  # 0 on a twin: the values of infinitely many shots
    mitigation: Mitigation = "none"
    modality: str = ""  # "": the first that the head has
    items: int = 0  # so many, evenly spaced; 0: all
    seed: int = 0


class Manifest(_Part):
    """Everything that lessons can name, as in a `trainings.toml`."""

    REFERRING: ClassVar = ("runs", "experiments")
    """The tables whose entries name a data set."""

    data: dict[str, LessonData] = Field(default_factory=dict)
    runs: dict[str, Training] = Field(default_factory=dict)
    experiments: dict[str, GridOfTrainings] = Field(default_factory=dict)
    jobs: dict[str, DeviceJob] = Field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the `needs` of a lesson can have."""
        return (*self.runs, *self.experiments, *self.jobs)

    def with_trainings(self, names: Iterable[str]) -> tuple[str, ...]:
        """These names, each job after the training whose circuit it executes."""
        found: list[str] = []
        for name in names:
            self.check(name)
            found += [self.jobs[name].run, name] if name in self.jobs else [name]
        return tuple(dict.fromkeys(found))

    def check(self, name: str) -> None:
        """Raise `InputError` for a name that is neither a training, an experiment nor a job."""
        if name not in self.names:
            raise InputError(
                f"There is no training called {name!r} for lessons.", remedy=did_you_mean(name, self.names)
            )


class _Written:
    """A `trainings.toml` as it is written, to name lines of it."""

    def __init__(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8", errors="replace")
        self.lines = Lines(f"{file.parent.name}/{file.name}", 1, text.splitlines())

    def error(self, path: tuple[str, ...], message: str, remedy: str) -> LessonError:
        return self.lines.error(message, line_in_table(self.lines, *path), remedy)


def manifest() -> Manifest:
    """Everything that lessons can name now; what a folder with an unusable `trainings.toml` brings is left out."""
    brought = folders.first()
    files = tuple((name, each / folders.TRAININGS) for name, each in brought.items())
    return _merged(tuple((*each, _changed(each[1])) for each in files))


def own(folder: Path) -> Manifest:
    """What the folder of a lesson brings, empty without a `trainings.toml`.

    Whatever is wrong, also a missing data file, raises `LessonError` with the line.
    """
    file = folder / folders.TRAININGS
    changed = _changed(file)
    if not changed:
        return Manifest()
    found = _read(file, changed)
    for name, data in found.data.items():
        for each in data.files:
            path = folders.inside(folder, each)
            if path is None or not path.exists():
                said = "is not in this folder" if path else "lies outside of the lesson's folder"
                remedy = "Put it there, or take its name away." if path else "Copy it into the folder."
                raise _Written(file).error(("data", name, "files"), f"{each!r} {said}.", remedy)
    return found


def resolved(lesson: str, name: str) -> str:
    """The name by which all know what a lesson calls `name`: its own if it brings that, else that of the package."""
    brought = f"{lesson}/{name}"
    return brought if brought in manifest().names else name


def folder_of(name: str) -> Path:
    """The folder with the files of the data set of this name."""
    lesson, slash, _ = name.partition("/")
    return folders.first()[lesson] if slash else folders.DATA


def fault(name: str, table: str, message: str, remedy: str, *, key: str = "") -> InputError:
    """The error about an entry of a table: with file and line if a lesson brings it."""
    lesson, slash, local = name.partition("/")
    if not slash:
        return InputError(message, remedy=remedy)
    return _Written(folders.first()[lesson] / folders.TRAININGS).error((table, local, key), message, remedy)


def _changed(file: Path) -> int:
    """When the file was written; 0 if there is none."""
    return file.stat().st_mtime_ns if file.is_file() else 0


@lru_cache(maxsize=64)
def _read(file: Path, changed: int) -> Manifest:
    written = _Written(file)
    try:
        found = Manifest.model_validate(values(written.lines))
    except ValidationError as err:
        first = err.errors()[0]
        path = tuple(str(part) for part in first["loc"])
        said = {"extra_forbidden": "is not known here", "missing": "is missing"}.get(
            first["type"], first["msg"]
        )
        raise written.error(
            path, f"{'.'.join(path)}: {said}.", "The README of the lessons names the keys."
        ) from err
    _check_names(found, written)
    return found


def _check_names(found: Manifest, written: _Written) -> None:
    """Raise `LessonError` for a data set, a head or a training that does not exist, and for a device elsewhere."""
    known = {**_shared().data, **found.data}
    for table in Manifest.REFERRING:
        for name, each in getattr(found, table).items():
            if each.data not in known:
                raise written.error(
                    (table, name, "data"),
                    f"there is no data set {each.data!r}.",
                    did_you_mean(each.data, known),
                )
    for name, data in found.data.items():
        if data.encoder:
            _check_entry("encoder", data.encoder, ("data", name), written)
    for name, training in found.runs.items():
        for kind in ("head", "objective"):
            _check_entry(kind, getattr(training, kind), ("runs", name), written)
    for name, job in found.jobs.items():
        _check_job(name, job, {**_shared().runs, **found.runs}, written)


def _check_job(name: str, job: DeviceJob, runs: Iterable[str], written: _Written) -> None:
    """Raise `LessonError` for a job on no training, on a device that is not here, or without shots that it needs."""
    if job.run not in runs:
        message, remedy = f"there is no training {job.run!r}.", did_you_mean(job.run, runs)
        raise written.error(("jobs", name, "run"), message, remedy)
    if job.device not in HERE and not job.device.startswith(TWIN):
        message = f"{job.device!r} does not compute here, without an account."
        raise written.error(("jobs", name, "device"), message, f"Use {', '.join(HERE)} or {TWIN}fake_paris.")
    if job.device == "shots" and not job.shots:
        raise written.error(("jobs", name, "shots"), "this device needs shots.", "Write 100, or 1024.")


def _check_entry(kind: str, chosen: str, path: tuple[str, ...], written: _Written) -> None:
    try:
        entry(kind, chosen)
    except QlatentError as err:
        raise written.error((*path, kind), err.message, err.remedy) from err


def _shared() -> Manifest:
    file = folders.DATA / folders.TRAININGS
    return Manifest.model_validate(values(_Written(file).lines))


@lru_cache(maxsize=8)
def _merged(files: tuple[tuple[str, Path, int], ...]) -> Manifest:
    merged = {table: dict(getattr(_shared(), table)) for table in Manifest.model_fields}
    for lesson, file, changed in files:
        try:
            brought = _read(file, changed) if changed else Manifest()
        except LessonError:  # said where the lesson is read
            continue
        data, runs = ({name: f"{lesson}/{name}" for name in each} for each in (brought.data, brought.runs))
        for table in merged:
            for name, each in getattr(brought, table).items():
                merged[table][f"{lesson}/{name}"] = _renamed(each, data, runs)
    return Manifest.model_validate(merged)


def _renamed(part: _Part, data: Mapping[str, str], runs: Mapping[str, str]) -> _Part:
    """An entry whose data set or training is named as all know it."""
    changed = {}
    for field, names in (("data", data), ("run", runs)):
        if (name := getattr(part, field, "")) in names:
            changed[field] = names[name]
    return part.model_copy(update=changed)
