"""Every fact by the name that lessons use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from qlatent.errors import InputError
from qlatent.registry import did_you_mean
from qlatent.services.lessons.facts import (
    circuits,
    contrast,
    experiments,
    fidelity,
    landscapes,
    noise,
    training,
    vectors,
)
from qlatent.services.lessons.stage import Stage
from qlatent.teaching.answers import Chosen, Goal, Items, Quantity, Truth

FACTS: dict[str, Callable[..., Truth]] = {
    name: function
    for module in (vectors, training, circuits, experiments, fidelity, landscapes, noise, contrast)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not name.startswith("_")
}
"""The public functions of these modules."""
RETURNS = {"choice": Chosen, "number": Quantity, "point": Items, "gate": Goal}
"""What the fact of each kind of question returns."""


def check(kind: str, name: str, given: Mapping[str, Any]) -> None:
    """Raise `InputError` unless there is a fact of this name for this kind of question that takes what is given."""
    if name not in FACTS:
        raise InputError(f"There is no fact called {name!r}.", remedy=did_you_mean(name, FACTS))
    signature = inspect.signature(FACTS[name], eval_str=True)
    if signature.return_annotation is not RETURNS[kind]:
        known = [each for each in FACTS if returned(each) is RETURNS[kind]]
        raise InputError(f"{name!r} is no fact for a {kind}.", remedy=f"Those are {', '.join(known)}.")
    asked = {key: each for key, each in signature.parameters.items() if each.kind is each.KEYWORD_ONLY}
    for key in given:
        if key not in asked:
            raise InputError(f"{name} takes no {key!r}.", remedy=f"It takes {', '.join(asked) or 'nothing'}.")
    for key, each in asked.items():
        if each.default is each.empty and key not in given:
            raise InputError(f"{name} needs {key!r}.", remedy="Write it into `given`.")


def returned(name: str) -> type:
    """The kind of truth that a fact returns."""
    found: type = inspect.signature(FACTS[name], eval_str=True).return_annotation
    return found


def truth_of(stage: Stage, name: str, given: Mapping[str, Any]) -> Truth:
    """What the fact finds at this stage; `InputError` where the data has not what it is asked about."""
    try:
        return FACTS[name](stage, **given)
    except (
        IndexError,
        KeyError,
        TypeError,
        ValueError,
    ) as err:  # an item, a modality or a head that is not there
        asked = ", ".join(f"{key} = {value!r}" for key, value in given.items())
        raise InputError(
            f"The fact {name!r} cannot be computed here{f' with {asked}' if asked else ''}: {err!r}.",
            remedy="Change `given` of the question, or the figure.",
        ) from err
