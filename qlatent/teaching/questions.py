"""The questions that a step can ask."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

Text = Annotated[str, Field(min_length=1, max_length=2_000)]
Option = Annotated[str, Field(min_length=1, max_length=300)]
LETTERS, SHAPES = "ABCDEF", "▲◆●■★⬢"
"""What options are told apart by, in their order, beside colours."""


@dataclass(frozen=True, config={"extra": "forbid"})
class ChoiceQuestion:
    """One of two to six options is right: the one that a fact finds, or a stored `answer` if it asks to understand."""

    ask: Text
    explain: Text
    options: Annotated[dict[str, Option], Field(min_length=2, max_length=6)]
    fact: str = ""
    given: dict[str, Any] = Field(default_factory=dict)  # what the fact is asked with
    answer: str = ""
    kind: Literal["choice"] = "choice"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.fact) == bool(self.answer):
            raise ValueError("a choice has either a fact or an answer")
        if self.answer and self.answer not in self.options:
            raise ValueError(f"the answer {self.answer!r} is none of the options {', '.join(self.options)}")
        return self


@dataclass(frozen=True, config={"extra": "forbid"})
class NumberQuestion:
    """A number that a fact computes; `read_to` is how exactly it can be read from the figure.

    An answer may differ by the spread of the fact, or by `read_to` if that is more.
    """

    ask: Text
    explain: Text
    fact: Text
    read_to: Annotated[float, Field(ge=0)] = 0.0
    unit: str = ""
    given: dict[str, Any] = Field(default_factory=dict)
    kind: Literal["number"] = "number"


@dataclass(frozen=True, config={"extra": "forbid"})
class PointQuestion:
    """An item to click on the map; a fact finds those that are right."""

    ask: Text
    explain: Text
    fact: Text
    given: dict[str, Any] = Field(default_factory=dict)
    kind: Literal["point"] = "point"


@dataclass(frozen=True, config={"extra": "forbid"})
class GateQuestion:
    """Angles to move until a goal is reached; a fact says where they lead and what the goal is."""

    ask: Text
    explain: Text
    fact: Text
    given: dict[str, Any] = Field(default_factory=dict)
    kind: Literal["gate"] = "gate"


Question = ChoiceQuestion | NumberQuestion | PointQuestion | GateQuestion
QUESTIONS: dict[str, type] = {
    "choice": ChoiceQuestion,
    "number": NumberQuestion,
    "point": PointQuestion,
    "gate": GateQuestion,
}
