"""A lesson as the cells of a notebook use it: its trainings, its figures, its questions."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from qlatent.errors import InputError, QlatentError, RunError
from qlatent.notebooks import figures, questions
from qlatent.notebooks.display import Said, Shown
from qlatent.registry import make_config
from qlatent.services.lessons import answering, folders, waiting
from qlatent.services.lessons.library import library
from qlatent.services.workspaces import Workspace, open_workspace
from qlatent.settings import settings
from qlatent.teaching.figures import LESSON_SEED, Figure
from qlatent.teaching.lesson import Lesson

BAR = "{desc}: {n:.1f} of {total_fmt} |{bar:30}| {remaining} left"


class OpenLesson:
    """A lesson in a workspace in which all that it shows is trained."""

    def __init__(self, workspace: Workspace, lesson: Lesson) -> None:
        self.workspace, self.lesson = workspace, lesson
        self._drawn: dict[str, Figure] = {}

    def figure(self, step: str, **state: Any) -> Shown:
        """The figure of a step, by the id of the step, in the state that is given, else as it begins.

        `state` are fields of the figure, such as `frame=3` or `angles={"input 0": 0.5}`; an unknown one and one that
        the figure cannot have raise `QlatentError`. With another `seed` it is trained first. The question of the
        step is then about this state.
        """
        asked = self.lesson.step(step).figure
        if asked is None:
            raise InputError(f"The step {step!r} has no figure.")
        figure = make_config(type(asked), asdict(asked) | state)
        with folders.beside(self.workspace.path):
            _vary(self.workspace, figure)
            shown = figures.draw(self.workspace, figure)
        self._drawn[step] = figure
        return shown

    def check(self, step: str, answer: Any = ...) -> Said:
        """Whether an answer is right, as the app finds it: from the figure as it was drawn last.

        A choice is answered by its letter, a number by a number, a point by the id of an item, a gate by the angles
        that are moved (a number where there is one). Without an answer it says what is asked.
        """
        at = self.lesson.step(step)
        if at.question is None:
            raise InputError(f"The step {step!r} asks nothing.")
        if answer is ... or answer is None or (isinstance(answer, str) and not answer.strip()):
            return Said(None, f"**No answer yet.** {at.question.ask} {questions.how(at)}")
        try:
            given = questions.given(at, answer)
            drawn = self._drawn.get(step)
            about = at.asked_about(drawn) if drawn else None
            with folders.beside(self.workspace.path):
                verdict = answering.check(self.workspace, at, given, figure=about)
        except QlatentError as err:
            return Said(None, f"**This cannot be an answer.** {err}")
        found = "Right:" if verdict.right else "Not quite. It is:"
        return Said(verdict.right, f"**{found} {verdict.truth}**\n\n{verdict.explanation}")

    def __repr__(self) -> str:
        return f"{self.lesson.title} ({len(self.lesson.steps)} steps, workspace {self.workspace.path})"


def open_lesson(lesson: str, *, workspace: str | Path | None = None) -> OpenLesson:
    """The lesson of this id, from `qlatent lessons list`, once all that it shows is trained.

    Trainings that are not in the workspace yet are done first; a bar says how far they are. The workspace is a folder,
    by default that of the app (`QLATENT_WORKSPACE`). An unknown lesson raises `InputError`, a training that fails
    `RunError`.
    """
    folder = (settings().workspace if workspace is None else Path(workspace)).resolve()
    with folders.beside(folder):
        found = library().lesson(lesson)
        opened = open_workspace(folder)
        _prepare(opened, found)
    return OpenLesson(opened, found)


def _prepare(workspace: Workspace, lesson: Lesson) -> None:
    """Train what is missing."""
    with _bar() as told:
        problems = waiting.made(workspace, [lesson], told)
    if problems:
        raise RunError(
            problems[lesson.id], remedy="Run the cell again; `qlatent runs` lists trainings that failed."
        )


def _vary(workspace: Workspace, figure: Figure) -> None:
    """Train what the figure shows with its seed, if that is another one than the lesson's."""
    seed = getattr(figure, "seed", LESSON_SEED)
    for name in figure.runs if seed != LESSON_SEED else ():
        with _bar() as told:
            waiting.varied(workspace, name, seed, told)


@contextmanager
def _bar() -> Iterator[waiting.Told]:
    """A bar with the time left, which is not there before it is told something, and is gone in the end."""
    with tqdm(
        desc="Trainings", total=0, bar_format=BAR, file=sys.stdout, leave=False, delay=1e-6, mininterval=0
    ) as bar:

        def told(done: float, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield told
