"""The commands `qlatent lessons`: list the lessons, make their data, check them, write them as notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace, path_of
from qlatent.cli.terminal import Terminal
from qlatent.errors import RunError
from qlatent.notebooks import writing
from qlatent.services.lessons import folders, library, preparing, waiting, walking
from qlatent.services.lessons.library import Library
from qlatent.services.workspaces import Workspace
from qlatent.teaching.lesson import Lesson

app = typer.Typer(help="List the lessons, make their data, check them, export them.", no_args_is_help=True)

LessonId = Annotated[
    str | None, typer.Argument(help="Id of a lesson, from `qlatent lessons list`. Default: all.")
]
REMEDY = "`qlatent runs` lists trainings that failed; the other lessons are ready."


@app.command(name="list")
def list_command(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the lessons, and name the broken ones with the line."""
    terminal = Terminal(as_json=as_json)
    with folders.beside(path_of(workspace)):
        found = library.library()
    rows = [
        {
            "id": lesson.id, "title": lesson.title, "minutes": lesson.about.minutes, "steps": len(lesson.steps),
            "questions": lesson.questions,
        }
        for lesson in found.lessons
    ]  # fmt: skip
    terminal.table(
        {"lessons": rows},
        ["id", "title", "minutes", "steps", "questions"],
        [list(row.values()) for row in rows],
    )
    for each in found.broken:
        terminal.warn(str(each.error))


@app.command()
def prepare(lesson: LessonId = None, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Store the data of a lesson and train what it shows, once in a workspace."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    with folders.beside(opened.path):
        lessons = _lessons(library.library(), lesson)
        problems = _prepared(opened, lessons, terminal)
        there = [each for each in lessons if each.id not in problems]
        told = preparing.readiness(opened, _needs(there))
    if problems:
        raise RunError(" ".join(f"{name}: {said}" for name, said in problems.items()), remedy=REMEDY)
    terminal.result({"trainings": told.total}, f"{told.total} trainings are there.")


@app.command()
def check(lesson: LessonId = None, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Walk every step: draw its figure, and answer its question right and wrong. What is missing is trained first."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    with folders.beside(opened.path):
        found = library.library()
        lessons = _lessons(found, lesson)
        problems = _prepared(opened, lessons, terminal)
        walked = walking.walk(opened, [each for each in lessons if each.id not in problems])
    failed = [{"lesson": each.lesson, "step": each.step, "problem": each.problem} for each in walked.failed]
    if lesson is None:
        problems |= {each.id: str(each.error) for each in found.broken}
    failed += [{"lesson": name, "step": "", "problem": said} for name, said in problems.items()]
    terminal.result(
        {"lessons": walked.lessons, "steps": walked.steps, "questions": walked.questions, "failed": failed},
        f"{walked.lessons} lessons, {walked.steps} steps, {walked.questions} questions; {len(failed)} failed.",
        *(f"{each['lesson']} {each['step']}: {each['problem']}" for each in failed),
    )
    if failed:
        raise typer.Exit(1)


@app.command()
def export(
    out: Annotated[
        Path,
        typer.Option(
            "--out", help="File to write: .ipynb. A folder, for all lessons; it is made if need be."
        ),
    ],
    lesson: LessonId = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a notebook that is there.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a lesson as a notebook that runs: the same texts, figures and questions. Nothing is trained now."""
    terminal = Terminal(as_json=as_json)
    with folders.beside(path_of(workspace)):
        found = library.library()
    if lesson is None:
        files = writing.write_all(found.lessons, out, force=force)
    else:
        files = {lesson: out}
        writing.write(found.lesson(lesson), out, force=force)
    written = [{"id": name, "out": str(file)} for name, file in files.items()]
    terminal.result(
        {"notebooks": written},
        *(f"{each['id']} → {each['out']}" for each in written),
        "Jupyter opens them, in an environment that has qlatent.",
    )
    for each in found.broken if lesson is None else ():
        terminal.warn(str(each.error))


def _lessons(found: Library, lesson: str | None) -> tuple[Lesson, ...]:
    """The lesson of this id, or all that are not broken."""
    return found.lessons if lesson is None else (found.lesson(lesson),)


def _needs(lessons: Iterable[Lesson]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in lessons for name in each.about.needs))


def _prepared(workspace: Workspace, lessons: Iterable[Lesson], terminal: Terminal) -> dict[str, str]:
    """Make what is missing and wait for it; for each lesson that is not ready then, why."""
    with terminal.progress("Training what the lessons show") as progress:
        return waiting.made(workspace, lessons, lambda done, total: progress(int(done), total))
