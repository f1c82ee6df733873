"""The lessons, read from their folders; a broken one does not hide the others. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from qlatent.errors import InputError
from qlatent.registry import did_you_mean
from qlatent.services.circuits import circuits
from qlatent.services.experiments import comparison
from qlatent.services.lessons import folders
from qlatent.services.lessons import manifest as manifests
from qlatent.services.lessons.facts import table
from qlatent.services.lessons.folders import FILE, TRAININGS
from qlatent.services.lessons.manifest import manifest
from qlatent.teaching.figures import CircuitFigure, Figure, GradientsFigure, TableFigure, WaysFigure, renamed
from qlatent.teaching.lesson import Lesson, LessonError, Step
from qlatent.teaching.parsing import parse


@dataclass(frozen=True)
class Broken:
    """A lesson folder that cannot be used, and why."""

    id: str
    error: LessonError


@dataclass(frozen=True)
class Library:
    """The lessons of a folder in the order of their names, and those that are broken."""

    lessons: tuple[Lesson, ...]
    broken: tuple[Broken, ...]

    def lesson(self, lesson_id: str) -> Lesson:
        """The lesson with this id; a broken one raises its error, an unknown one `InputError`."""
        for lesson in self.lessons:
            if lesson.id == lesson_id:
                return lesson
        for broken in self.broken:
            if broken.id == lesson_id:
                raise broken.error
        known = [*(each.id for each in self.lessons), *(each.id for each in self.broken)]
        raise InputError(f"There is no lesson {lesson_id!r}.", remedy=did_you_mean(lesson_id, known))


def library(*places: Path) -> Library:
    """The lessons in the folders of these places, by default the package and the person's own folder, in the order of
    their names; read again only when something in a folder changes.
    """
    found = tuple(folders.found(*places))
    return _read(found, tuple(_stamp(each) for each in found))


def _stamp(folder: Path) -> tuple[int, ...]:
    """Changes with the files of a lesson, and when one is added or taken away."""
    paths = (folder, folder / FILE, folder / TRAININGS, folders.DATA / TRAININGS)
    data = _files(folder)
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in (*paths, *data))


def _files(folder: Path) -> list[Path]:
    try:
        return [folder / name for data in manifests.own(folder).data.values() for name in data.files]
    except LessonError:
        return []


@lru_cache(maxsize=8)
def _read(found: tuple[Path, ...], changed: tuple[tuple[int, ...], ...]) -> Library:
    lessons: list[Lesson] = []
    broken: list[Broken] = []
    for folder in found:
        try:
            _check_alone(folder, found)
            lessons.append(read(folder / FILE))
        except LessonError as err:
            broken.append(Broken(folder.name, err))
    return Library(tuple(lessons), tuple(broken))


def _check_alone(folder: Path, found: tuple[Path, ...]) -> None:
    """Raise `LessonError` for the second of two folders with one name, which is the id of the lesson."""
    first = next(each for each in found if each.name == folder.name)
    if first != folder:
        raise LessonError(
            f"there is a lesson with the id {folder.name!r} in {first.parent}, too.", file=f"{folder}/{FILE}", line=1,
            remedy="Give the folder another name.",
        )  # fmt: skip


def read(file: Path) -> Lesson:
    """The lesson in a file, its trainings named as all know them.

    Whatever is wrong, also an unknown training or fact, or with what its folder brings, raises `LessonError` with file
    and line.
    """
    place = f"{file.parent.name}/{file.name}"
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as err:
        raise LessonError(
            "there is no such file.", file=place, line=1, remedy="A lesson is a folder with this file in it."
        ) from err
    except UnicodeDecodeError as err:
        line = err.object[: err.start].count(b"\n") + 1
        raise LessonError("this is not UTF-8.", file=place, line=line, remedy="Save it as UTF-8.") from err
    manifests.own(file.parent)
    lesson = _resolved(parse(text, name=file.parent.name, file=place))
    for name in lesson.about.needs:
        _checked(manifest().check, name, file=place, line=2)
    for step in lesson.steps:
        _check_figure(lesson, step, place)
        question = step.question
        if question is not None and question.fact:
            _checked(
                table.check, question.kind, question.fact, question.given, file=place, line=step.question_line
            )
    return lesson


def _resolved(lesson: Lesson) -> Lesson:
    """The lesson with the names of what its folder brings as all know them; facts find theirs by themselves."""

    def known(name: str) -> str:
        return manifests.resolved(lesson.id, name)

    steps = tuple(
        replace(each, lesson=lesson.id, figure=each.figure and renamed(each.figure, known))
        for each in lesson.steps
    )
    needs = tuple(known(name) for name in lesson.about.needs)
    return replace(lesson, about=replace(lesson.about, needs=needs), steps=steps)


def _check_figure(lesson: Lesson, step: Step, place: str) -> None:
    figure, line = step.figure, step.figure_line
    for name in _named(step):
        _checked(manifest().check, name, file=place, line=line or step.line)
        if name not in lesson.about.needs:
            raise LessonError(
                f"{name!r} is not among the needs of the lesson.",
                file=place,
                line=line or step.line,
                remedy="Add it to `needs`.",
            )
    if isinstance(figure, CircuitFigure):
        if bool(figure.layout) == bool(figure.run):
            raise LessonError("a circuit is that of a layout or of a run.", file=place, line=line)
        _check_layouts([figure.layout] if figure.layout else [], place, line)
    if isinstance(figure, GradientsFigure):
        _check_layouts([figure.layout, *figure.layouts], place, line)
    if isinstance(figure, TableFigure):
        for metric in figure.metrics:
            if comparison.metric_title(metric) == metric:
                raise LessonError(f"there is no metric {metric!r}.", file=place, line=line)


def _check_layouts(layouts: list[str], place: str, line: int) -> None:
    for layout in layouts:
        if layout not in circuits.layout_names():
            remedy = did_you_mean(layout, circuits.layout_names())
            raise LessonError(f"there is no layout {layout!r}.", file=place, line=line, remedy=remedy)


def _named(step: Step) -> list[str]:
    """The trainings, experiments and jobs that a step names, in its figure and for its fact."""
    figure: Figure | None = step.figure
    names = list(figure.runs) if figure else []
    if isinstance(figure, TableFigure):
        names.append(figure.experiment)
    if isinstance(figure, WaysFigure):
        names += figure.jobs
    if step.question is not None:
        given = step.question.given
        names += [
            manifests.resolved(step.lesson, each) for key, each in given.items() if key in ("run", "job")
        ]
    return names


def _checked(check, *values, file: str, line: int) -> None:  # type: ignore[no-untyped-def]
    try:
        check(*values)
    except InputError as err:
        raise LessonError(err.message, file=file, line=line, remedy=err.remedy) from err
