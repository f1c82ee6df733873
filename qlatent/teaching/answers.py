"""What is true at a step, and whether an answer agrees with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from qlatent.errors import InputError
from qlatent.teaching.questions import (
    ChoiceQuestion,
    GateQuestion,
    NumberQuestion,
    PointQuestion,
    Question,
)

_ROUNDING = 1e-9
"""Relative: an answer on the edge of the tolerance is inside, whatever binary fractions make of it."""


@dataclass(frozen=True)
class Chosen:
    """The right option of a choice."""

    option: str


@dataclass(frozen=True)
class Quantity:
    """A number and its spread: how far another honest reading or sample of it may be off."""

    value: float
    spread: float = 0.0


@dataclass(frozen=True)
class Items:
    """The ids of the items that are right, and of all that can be clicked."""

    right: tuple[str, ...]
    all: tuple[str, ...]


@dataclass(frozen=True)
class Goal:
    """Where the angles of a figure lead now, where they are to lead, and angles that lead there."""

    value: float
    target: float
    spread: float
    solution: dict[str, float]


Truth = Chosen | Quantity | Items | Goal
Answer = str | float | Mapping[str, float]
"""An option, a number (or what was typed), the id of an item, or the angles that were moved."""


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, what is true in words, and the explanation of the lesson."""

    right: bool
    truth: str
    explanation: str


def tolerance(question: Question, truth: Truth) -> float:
    """How far a right number may be off: the spread of the fact, at least what can be read from the figure."""
    if isinstance(question, NumberQuestion) and isinstance(truth, Quantity):
        return max(truth.spread, question.read_to)
    return truth.spread if isinstance(truth, Goal) else 0.0


def judge(question: Question, truth: Truth, answer: Answer) -> Verdict:
    """Whether the answer agrees with the truth.

    An answer that cannot be one (no number, an unknown option or item) raises `InputError`. `truth` of a gate question
    is that of the moved angles.
    """
    return Verdict(_right(question, truth, answer), in_words(question, truth), question.explain)


def _right(question: Question, truth: Truth, answer: Answer) -> bool:
    match question, truth:
        case ChoiceQuestion(), Chosen():
            return _option(question, answer) == truth.option
        case NumberQuestion(), Quantity():
            return _near(number(answer), truth.value, tolerance(question, truth))
        case PointQuestion(), Items():
            return _item(truth, answer) in truth.right
        case GateQuestion(), Goal():
            return _near(truth.value, truth.target, truth.spread)
    raise TypeError(f"a {question.kind} question has no truth of type {type(truth).__name__}")


def _near(value: float, target: float, allowed: float) -> bool:
    return abs(value - target) <= allowed + _ROUNDING * max(abs(target), abs(value), 1.0)


def _option(question: ChoiceQuestion, answer: Answer) -> str:
    if answer not in question.options:
        raise InputError(f"{answer!r} is none of the options.", remedy="Choose one of those shown.")
    return str(answer)


def number(answer: Answer) -> float:
    """The number in an answer; a decimal comma, a percent sign and spaces are understood.

    What is no number, or not a finite one, raises `InputError`.
    """
    try:
        value = float(str(answer).strip().rstrip("%").strip().replace("−", "-").replace(",", "."))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            f"{str(answer)[:40]!r} is not a number.", remedy="Write digits, for example 0.25 or 12."
        )
    return value


def _item(truth: Items, answer: Answer) -> str:
    if answer not in truth.all:
        raise InputError(f"{answer!r} is not on this map.", remedy="Click one of its points.")
    return str(answer)


def in_words(question: Question, truth: Truth) -> str:
    """The truth as text, such as "0.31 ± 0.02"."""
    match truth:
        case Chosen() if isinstance(question, ChoiceQuestion):
            return question.options[truth.option]
        case Quantity():
            unit = f" {question.unit}" if isinstance(question, NumberQuestion) and question.unit else ""
            return f"{_figures(truth.value, tolerance(question, truth))}{unit}"
        case Items():
            return ", ".join(truth.right)
        case Goal():
            moved = ", ".join(f"{name} = {value:.2f}" for name, value in truth.solution.items())
            return f"{_figures(truth.target, truth.spread)}, for example with {moved}"
    raise TypeError(f"a {question.kind} question has no truth of type {type(truth).__name__}")


def _figures(value: float, spread: float) -> str:
    if not spread:
        return f"{value:g}"
    digits = max(0, 1 - math.floor(math.log10(spread)))
    return f"{value:.{digits}f} ± {spread:.{digits}f}"
