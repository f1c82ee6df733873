"""The commands `qlatent lessons`: list the lessons, make their data, check them."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.errors import RunError
from qlatent.services.lessons import library, preparing, walking
from qlatent.services.runs import queue
from qlatent.services.workspaces import Workspace

app = typer.Typer(help="List the lessons, make their data, check them.", no_args_is_help=True)

LessonId = Annotated[
    str | None, typer.Argument(help="Id of a lesson, from `qlatent lessons list`. Default: all.")
]
POLL = 0.5  # seconds
TRIES = 3  # what was trained before by somebody else is measured the second time


@app.command(name="list")
def list_command(as_json: JsonOption = False) -> None:
    """List the lessons, and name the broken ones with the line."""
    terminal, found = Terminal(as_json=as_json), library.library()
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
    needs = _needs(lesson)
    told = _prepared(opened, needs, terminal)
    terminal.result({"trainings": told.total}, f"{told.total} trainings are there.")


@app.command()
def check(lesson: LessonId = None, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Walk every step: draw its figure, and answer its question right and wrong. What is missing is trained first."""
    opened, terminal, found = open_workspace(workspace), Terminal(as_json=as_json), library.library()
    lessons = found.lessons if lesson is None else (found.lesson(lesson),)
    _prepared(opened, _needs(lesson), terminal)
    walked = walking.walk(opened, lessons)
    failed = [{"lesson": each.lesson, "step": each.step, "problem": each.problem} for each in walked.failed]
    if lesson is None:
        failed += [{"lesson": each.id, "step": "", "problem": str(each.error)} for each in found.broken]
    terminal.result(
        {"lessons": walked.lessons, "steps": walked.steps, "questions": walked.questions, "failed": failed},
        f"{walked.lessons} lessons, {walked.steps} steps, {walked.questions} questions; {len(failed)} failed.",
        *(f"{each['lesson']} {each['step']}: {each['problem']}" for each in failed),
    )
    if failed:
        raise typer.Exit(1)


def _needs(lesson: str | None) -> tuple[str, ...]:
    """The trainings that a lesson needs, or all lessons."""
    found = library.library()
    lessons = found.lessons if lesson is None else (found.lesson(lesson),)
    return tuple(dict.fromkeys(name for each in lessons for name in each.about.needs))


def _prepared(workspace: Workspace, needs: tuple[str, ...], terminal: Terminal) -> preparing.Readiness:
    """Make what is missing and wait for it; a failed training raises `RunError`."""
    with terminal.progress("Training what the lessons show") as progress:
        for _ in range(TRIES):
            preparing.prepare(workspace, needs)
            while (told := preparing.readiness(workspace, needs)).active:
                progress(told.finished, told.total)
                queue.go_on(workspace)
                time.sleep(POLL)
            if told.ready:
                return told
    raise RunError(
        f"{told.total - told.finished} trainings of the lessons did not finish. {' '.join(told.failed)}".strip(),
        remedy="`qlatent runs` lists them.",
    )
