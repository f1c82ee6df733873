"""Select the hits of a search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.json_values import plain
from qlatent.services.search import saved
from qlatent.services.search.answers import answer
from qlatent.services.search.neighbours import Asked
from qlatent.services.search.queries import Query
from qlatent.services.selections.definitions import Search
from qlatent.store.workspace import Workspace

MOST = 10_000  # hits
_KEYS = {"terms", "encoder", "modality", "head", "heads", "k"}


def definition(query: Query, asked: Asked) -> Search:
    """The selection of what `neighbours` finds for this query: in the last of the heads, or without one in the vectors.

    `Asked.among` is no part of it: intersect the selection with another one instead.
    """
    return Search(search=plain(saved.document(query, asked)))


def found(workspace: Workspace, dataset: str, wanted: Search) -> NDArray[np.int64]:
    """The rows of the hits; a search that is none, or whose head or encoder is gone, raises an error that says so."""
    unknown = sorted(set(wanted.search) - _KEYS)
    if unknown:
        raise InputError(
            f"The search cannot be selected: {unknown[0]!r} is no part of the query.",
            remedy="Select the filters beside it, and intersect both.",
        )
    names = [wanted.search.get(name) for name in ("encoder", "modality", "head")]
    heads = wanted.search.get("heads", [])
    if not isinstance(heads, list) or not all(isinstance(each, str | None) for each in [*names, *heads]):
        raise InputError(
            "The encoder, the modality and the heads of a search are names.", remedy="Search anew."
        )
    query, asked = saved.read(wanted.search)
    if not 1 <= asked.k <= MOST:
        raise InputError(f"The search asks for {asked.k:,} hits.", remedy=f"Ask for 1 to {MOST:,}.")
    hits = answer(workspace, dataset, query, asked).hits
    return np.array([each.row for each in hits], dtype=np.int64)
