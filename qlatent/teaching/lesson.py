"""A lesson and its steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from qlatent.errors import InputError
from qlatent.teaching.figures import SEEDS, Figure
from qlatent.teaching.questions import Question

Sentence = Annotated[str, Field(min_length=1, max_length=300)]


class LessonError(InputError):
    """A lesson file that cannot be used: `line` (from 1) is where."""

    def __init__(self, message: str, *, file: str, line: int, remedy: str = "") -> None:
        super().__init__(f"{file}, line {line}: {message}", remedy=remedy)
        self.file, self.line = file, line


@checked(frozen=True, config={"extra": "forbid"})
class FrontMatter:
    """What a lesson says of itself."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    minutes: Annotated[int, Field(ge=1, le=60)]
    after: Annotated[tuple[Sentence, ...], Field(min_length=1)]  # what one can do afterwards
    needs: tuple[str, ...] = ()  # names of trainings and experiments in `lessons/data/trainings.toml`


@dataclass(frozen=True)
class Step:
    """A few sentences in Markdown, at most one figure and at most one question; lines are those of the file."""

    id: str
    title: str
    text: str
    figure: Figure | None
    question: Question | None
    line: int
    figure_line: int = 0
    question_line: int = 0
    lesson: str = ""  # id of the lesson, once its names are resolved

    def asked_about(self, figure: Figure) -> Figure:
        """What the question is about, with the figure as it stands: the seeds are those that the text speaks of."""
        kept = {name: getattr(self.figure, name) for name in SEEDS if hasattr(figure, name)}
        return replace(figure, **kept)


@dataclass(frozen=True)
class Lesson:
    """A lesson of one or more steps."""

    id: str
    about: FrontMatter
    steps: tuple[Step, ...]

    @property
    def title(self) -> str:
        """The title of the lesson."""
        return self.about.title

    @property
    def questions(self) -> int:
        """How many steps ask something."""
        return sum(step.question is not None for step in self.steps)

    def step(self, step_id: str) -> Step:
        """The step with this id; an unknown one raises `InputError`."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise InputError(
            f"The lesson {self.title!r} has no step {step_id!r}.",
            remedy=f"Its steps: {', '.join(step.id for step in self.steps)}.",
        )
