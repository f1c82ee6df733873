"""How a question is asked and answered in a cell, where there are no buttons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qlatent.errors import InputError
from qlatent.teaching.answers import Answer
from qlatent.teaching.figures import CircuitFigure
from qlatent.teaching.lesson import Step
from qlatent.teaching.questions import (
    LETTERS,
    SHAPES,
    ChoiceQuestion,
    GateQuestion,
    NumberQuestion,
    PointQuestion,
)


def options(question: ChoiceQuestion) -> list[str]:
    """The options of a choice, each with its letter and its shape."""
    return [
        f"{letter} {shape}  {text}"
        for letter, shape, text in zip(LETTERS, SHAPES, question.options.values(), strict=False)
    ]


def how(step: Step) -> str:
    """What the answer to the question of a step is, in words."""
    match step.question:
        case ChoiceQuestion() as question:
            letters = [f'"{letter}"' for letter, _ in zip(LETTERS, question.options, strict=False)]
            return f"Write {', '.join(letters[:-1])} or {letters[-1]}."
        case NumberQuestion(unit=unit):
            return f"Write a number{f', in {unit}' if unit else ''}."
        case PointQuestion():
            return "Write the name of an item in quotes. Point at a dot of the map to read it, up to a colon."
        case GateQuestion():
            named = movable(step)
            return (
                f"Write the angle {named[0]!r} in radians."
                if len(named) == 1
                else "Write the angles by name."
            )
    raise InputError(f"The step {step.title!r} asks nothing.")


def movable(step: Step) -> tuple[str, ...]:
    """The names of the angles that the figure of a step lets move."""
    return step.figure.move if isinstance(step.figure, CircuitFigure) else ()


def given(step: Step, answer: Any) -> Answer:
    """An answer as it was written, as lessons judge it; one that is none of the options raises `InputError`."""
    question = step.question
    if isinstance(question, ChoiceQuestion):
        return _option(question, str(answer).strip())
    if isinstance(question, GateQuestion) and not isinstance(answer, Mapping):
        try:
            return {name: float(answer) for name in movable(step)[:1]}
        except (TypeError, ValueError) as err:
            raise InputError(f"{answer!r} is no angle.", remedy=how(step)) from err
    return answer if isinstance(answer, Mapping) else str(answer)


def _option(question: ChoiceQuestion, said: str) -> str:
    known = list(question.options)
    place = LETTERS.find(said.upper()) if len(said) == 1 else -1
    if 0 <= place < len(known):
        return known[place]
    for name, text in question.options.items():
        if said in (name, text):
            return name
    raise InputError(
        f"There is no option {said[:40]!r}.", remedy=f"The options: {', '.join(LETTERS[: len(known)])}."
    )
