"""Select the hits of a search."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.search import queries
from qlatent.services.search.neighbours import Asked, K, neighbours
from qlatent.services.search.queries import Query
from qlatent.services.selections.definitions import Search
from qlatent.store.workspace import Workspace

MOST = 10_000  # hits
_KEYS = {"terms", "encoder", "modality", "head", "k"}


def definition(query: Query, asked: Asked) -> Search:
    """The selection of what `neighbours` finds for this query: in the last of the heads, or without one in the vectors.

    `Asked.among` is no part of it: intersect the selection with another one instead.
    """
    given = {"encoder": asked.encoder, "modality": asked.modality, "head": next(iter(asked.heads[-1:]), None)}
    named = {name: value for name, value in given.items() if value is not None}
    return Search(search={**query.document(), **named, "k": asked.k})


def found(workspace: Workspace, dataset: str, wanted: Search) -> NDArray[np.int64]:
    """The rows of the hits; a search that is none, or whose head or encoder is gone, raises an error that says so."""
    document = dict(wanted.search)
    unknown = sorted(set(document) - _KEYS)
    k: Any = document.get("k", K)
    if unknown or not isinstance(k, int) or not 1 <= k <= MOST:
        what = f"{unknown[0]!r} is no part of a search" if unknown else f"it asks for {k!r} hits"
        raise InputError(
            f"The search cannot be read: {what}.", remedy=f"Use 1 to {MOST:,} hits, and search anew."
        )
    parts = {name: document.get(name) for name in ("encoder", "modality", "head")}
    if any(not isinstance(value, str | None) for value in parts.values()):
        raise InputError("The search cannot be read: its encoder, modality and head are names.")
    encoder, modality, head = (None if value is None else str(value) for value in parts.values())
    asked = Asked(encoder=encoder, modality=modality, heads=(head,) if head else (), k=k)
    hits = neighbours(workspace, dataset, queries.of(document), asked).hits
    return np.array([each.row for each in hits], dtype=np.int64)
