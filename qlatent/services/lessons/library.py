"""The lessons that are shipped, read from their folders; a broken one does not hide the others. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from qlatent.errors import InputError
from qlatent.registry import did_you_mean
from qlatent.services.circuits import circuits
from qlatent.services.experiments import comparison
from qlatent.services.lessons.facts import table
from qlatent.services.lessons.manifest import LESSONS, manifest
from qlatent.teaching.figures import CircuitFigure, Figure, TableFigure
from qlatent.teaching.lesson import Lesson, LessonError, Step
from qlatent.teaching.parsing import parse

FILE = "lesson.md"


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


def library(folder: Path = LESSONS) -> Library:
    """The lessons in the folders of `folder`, by default those of the package; read again only when a file changes."""
    files = tuple(sorted(folder.glob(f"*/{FILE}")))
    return _read(files, tuple(file.stat().st_mtime_ns for file in files))


@lru_cache(maxsize=8)
def _read(files: tuple[Path, ...], changed: tuple[int, ...]) -> Library:
    lessons: list[Lesson] = []
    broken: list[Broken] = []
    for file in files:
        try:
            lessons.append(read(file))
        except LessonError as err:
            broken.append(Broken(file.parent.name, err))
    return Library(tuple(lessons), tuple(broken))


def read(file: Path) -> Lesson:
    """The lesson in a file; whatever is wrong, also an unknown training or fact, raises `LessonError` with the line."""
    place = f"{file.parent.name}/{file.name}"
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        line = err.object[: err.start].count(b"\n") + 1
        raise LessonError("this is not UTF-8.", file=place, line=line, remedy="Save it as UTF-8.") from err
    lesson = parse(text, name=file.parent.name, file=place)
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
        if figure.layout and figure.layout not in circuits.layout_names():
            remedy = did_you_mean(figure.layout, circuits.layout_names())
            raise LessonError(f"there is no layout {figure.layout!r}.", file=place, line=line, remedy=remedy)
    if isinstance(figure, TableFigure):
        for metric in figure.metrics:
            if comparison.metric_title(metric) == metric:
                raise LessonError(f"there is no metric {metric!r}.", file=place, line=line)


def _named(step: Step) -> list[str]:
    """The trainings and experiments that a step names, in its figure and for its fact."""
    figure: Figure | None = step.figure
    names = list(figure.runs) if figure else []
    if isinstance(figure, TableFigure):
        names.append(figure.experiment)
    if step.question is not None:
        names += [each for key, each in step.question.given.items() if key == "run"]
    return names


def _checked(check, *values, file: str, line: int) -> None:  # type: ignore[no-untyped-def]
    try:
        check(*values)
    except InputError as err:
        raise LessonError(err.message, file=file, line=line, remedy=err.remedy) from err
