"""How far people agree on the cases of a queue: second opinions with decisions, and each person with golden items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qlatent.services.triage.reviews import Pair
from qlatent.triage.agreement import Agreement, agreement

__all__ = ["Agreement", "Person", "by_person", "of_pairs"]


@dataclass(frozen=True, slots=True)
class Person:
    """The answers of one person on golden items."""

    name: str
    answers: int
    right: int


def of_pairs(pairs: Sequence[Pair]) -> Agreement:
    """The agreement of first and second decisions."""
    return agreement([each.first for each in pairs], [each.second for each in pairs])


def by_person(answers: Sequence[Pair]) -> list[Person]:
    """The results of each person who answered, by name."""
    names = sorted({each.second_by for each in answers})
    return [
        Person(name, len(own), sum(each.first == each.second for each in own))
        for name in names
        for own in [[each for each in answers if each.second_by == name]]
    ]
