"""The commands `qlatent lessons`: list the lessons, make their data, check them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Annotated

import typer

from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace, path_of
from qlatent.cli.terminal import Terminal
from qlatent.errors import RunError
from qlatent.services.lessons import folders, library, preparing, walking
from qlatent.services.lessons.library import Library
from qlatent.services.runs import queue
from qlatent.services.workspaces import Workspace
from qlatent.teaching.lesson import Lesson

app = typer.Typer(help="List the lessons, make their data, check them.", no_args_is_help=True)

LessonId = Annotated[
    str | None, typer.Argument(help="Id of a lesson, from `qlatent lessons list`. Default: all.")
]
POLL = 0.5  # seconds
REMEDY = "`qlatent runs` lists trainings that failed; the other lessons are ready."
TRIES = 3  # what was trained before by somebody else is measured the second time


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


def _lessons(found: Library, lesson: str | None) -> tuple[Lesson, ...]:
    """The lesson of this id, or all that are not broken."""
    return found.lessons if lesson is None else (found.lesson(lesson),)


def _needs(lessons: Iterable[Lesson]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in lessons for name in each.about.needs))


def _prepared(workspace: Workspace, lessons: Iterable[Lesson], terminal: Terminal) -> dict[str, str]:
    """Make what is missing and wait for it; for each lesson that is not ready then, why."""
    given, problems = list(lessons), dict[str, str]()
    with terminal.progress("Training what the lessons show") as progress:
        for _ in range(TRIES):
            problems |= preparing.prepare_each(workspace, [each for each in given if each.id not in problems])
            needs = _needs(each for each in given if each.id not in problems)
            while (told := preparing.readiness(workspace, needs)).active:
                progress(told.finished, told.total)
                preparing.go_on(workspace, needs)
                queue.go_on(workspace)
                time.sleep(POLL)
            if told.ready:
                return problems
    for each in given:
        if each.id not in problems and not (told := preparing.readiness(workspace, each.about.needs)).ready:
            left = f"{told.total - told.finished} trainings did not finish."
            problems[each.id] = " ".join([left, *told.failed])
    return problems
