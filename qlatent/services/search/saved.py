"""Saved searches: a named query of a dataset with where it searches, which can be run again later."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.search import answers, neighbours, queries
from qlatent.services.search.neighbours import Asked, Neighbours
from qlatent.services.search.queries import Query
from qlatent.store.catalogue.records import SearchRecord
from qlatent.store.workspace import Workspace

LONGEST_NAME = 200
_FIELDS = ("encoder", "modality", "heads", "k")


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A saved search; `filters` are conditions of the page that saved it, in its own form."""

    id: str
    name: str
    dataset: str
    created: float
    query: Query
    asked: Asked
    filters: tuple[Any, ...] = ()


def document(query: Query, asked: Asked, *, filters: tuple[Any, ...] = ()) -> dict[str, Any]:
    """A search as JSON values, without the mask of rows."""
    where = {name: value for name in _FIELDS if (value := getattr(asked, name)) not in (None, ())}
    return query.document() | where | ({"filters": list(filters)} if filters else {})


def read(found: Mapping[str, Any]) -> tuple[Query, Asked]:
    """Query and place of a search's document; an invalid one raises `InputError`."""
    where = {name: found[name] for name in _FIELDS if found.get(name) is not None}
    if found.get("head"):
        where["heads"] = (*where.get("heads", ()), str(found["head"]))
    try:
        k = int(where.get("k", neighbours.K))
    except (TypeError, ValueError) as err:
        raise InputError(f"k is {where['k']!r}, not a number.", remedy="Search anew.") from err
    return queries.of(found), Asked(**(where | {"heads": tuple(where.get("heads", ())), "k": k}))


def save(
    workspace: Workspace,
    dataset: str,
    query: Query,
    asked: Asked,
    *,
    name: str,
    filters: tuple[Any, ...] = (),
) -> SavedSearch:
    """Save a search under a name; images become vectors. An empty or long name raises `InputError`."""
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME:
        raise InputError(
            f"The name has {len(plain):,} characters, expected 1 to {LONGEST_NAME}.",
            remedy="Choose another name.",
        )
    if query.words is None:
        space = queries.space_of(workspace, dataset, encoder=asked.encoder, modality=asked.modality)
        query = queries.frozen(workspace, query, space)
        where = replace(asked, encoder=space.encoder, modality=space.modality, among=None)
    else:
        where = Asked(k=asked.k)
    definition = document(query, where, filters=filters)
    record = SearchRecord(f"s{secrets.token_hex(4)}", plain, dataset, definition, time.time())
    return _read(workspace.catalogue.saved_searches.add(record))


def listed(workspace: Workspace, dataset: str) -> list[SavedSearch]:
    """The saved searches of a dataset, oldest first; an unknown dataset raises `StoreError`."""
    workspace.catalogue.dataset(dataset)
    return [_read(record) for record in workspace.catalogue.saved_searches.of(dataset)]


def run(workspace: Workspace, search: str, *, among: NDArray[Any] | None = None) -> Neighbours:
    """The hits of a saved search (by id) at present, among the rows of a mask; an unknown id raises `AbsentError`."""
    found = _read(workspace.catalogue.saved_searches.one(search))
    return answers.answer(workspace, found.dataset, found.query, replace(found.asked, among=among))


def remove(workspace: Workspace, search: str) -> None:
    """Delete a saved search; an unknown id raises `AbsentError`."""
    workspace.catalogue.saved_searches.delete(search)


def _read(record: SearchRecord) -> SavedSearch:
    query, asked = read(record.definition)
    filters = tuple(record.definition.get("filters", ()))
    return SavedSearch(record.id, record.name, record.dataset_id, record.created, query, asked, filters)
