"""Resolve selections to the rows of a dataset.

A kind of selection is a model in `definitions.py` and a line in `RESOLVERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import AbsentError, InputError
from qlatent.registry import resolve as imported
from qlatent.services import bin
from qlatent.services.selections.definitions import Definition, SetOf
from qlatent.store.workspace import Workspace

Rows = NDArray[np.int64]
Resolver = Callable[[Workspace, str, Any], Rows]
"""From a workspace, a dataset and a definition of one kind to rows, in any order."""

RESOLVERS = {
    "lasso": "qlatent.services.selections.maps:inside_lasso",
    "column": "qlatent.services.selections.columns:having",
    "cluster": "qlatent.services.selections.clusters:in_cluster",
    "search": "qlatent.services.selections.searches:found",
    "ids": "qlatent.services.selections.columns:with_ids",
    "collection": "qlatent.services.selections.collections:selected",
}


def resolve(workspace: Workspace, dataset: str, definition: Definition) -> Rows:
    """The rows (m,) of the dataset that are selected at present, sorted.

    What the selection refers to must be there: a removed dataset, run, layout or collection raises `AbsentError` that
    says so, and a map of another dataset raises `InputError`.
    """
    check_present(workspace, "dataset", dataset)
    return _resolved(workspace, dataset, definition)


def check_present(workspace: Workspace, kind: str, name: str) -> None:
    """Raise `AbsentError` if a dataset, run or collection of this id was removed or never existed."""
    catalogue = workspace.catalogue
    one = {"dataset": catalogue.dataset, "run": catalogue.run, "collection": catalogue.collections.one}[kind]
    try:
        one(name)
    except AbsentError as err:
        if any(each.id == name for each in bin.content(workspace, kind)):
            raise AbsentError(
                f"The selection is of the {kind} {name!r}, which was removed.",
                remedy=f"`qlatent restore {name}` brings it back within a day.",
            ) from err
        raise


def _resolved(workspace: Workspace, dataset: str, definition: Definition) -> Rows:
    if isinstance(definition, SetOf):
        parts = [_resolved(workspace, dataset, each) for each in definition.of]
        return _combined(definition.how, parts, count=workspace.items.count(dataset))
    if definition.kind not in RESOLVERS:
        raise InputError(
            f"A selection by {definition.kind} cannot be resolved here.",
            remedy="Update qlatent, or select anew.",
        )
    resolver: Resolver = imported(RESOLVERS[definition.kind])
    return np.unique(resolver(workspace, dataset, definition)).astype(np.int64)


def _combined(how: str, parts: list[Rows], *, count: int) -> Rows:
    if how == "complement":
        return np.setdiff1d(np.arange(count), parts[0], assume_unique=True)
    if how == "difference":
        return np.setdiff1d(parts[0], np.concatenate([parts[0][:0], *parts[1:]]))
    one = np.union1d if how == "union" else np.intersect1d
    return reduce(one, parts)
