"""Saved views: what the URL of a page held, under a name, to be opened again later.

A view outlives the runs, layouts and datasets that it names: it says what it lacks, and opens again once that is back.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qlatent.errors import InputError
from qlatent.services import bin
from qlatent.store.catalogue.records import ViewRecord
from qlatent.store.workspace import Workspace

LONGEST_NAME = 200
WORDS = {"run": "run", "dataset": "dataset", "layout": "layout"}
Named = tuple[str, str]
"""What a view names: a kind of `WORDS` and an id."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A saved view; `missing` says what it names and is no longer there, and is empty where all is there."""

    id: str
    name: str
    created: float
    query: Mapping[str, str]
    named: tuple[Named, ...]
    missing: tuple[str, ...]


def save(
    workspace: Workspace, page: str, query: Mapping[str, str], *, name: str, named: Sequence[Named] = ()
) -> ViewRecord:
    """Save what a page's URL holds; `named` are the runs, datasets and layouts in it.

    An empty or long name raises `InputError`. Two views may have one name.
    """
    definition = {"query": dict(query), "named": [list(each) for each in named]}
    record = ViewRecord(f"v{secrets.token_hex(4)}", _plain(name), page, definition, time.time())
    return workspace.catalogue.saved_views.add(record)


def listed(workspace: Workspace, page: str | None = None) -> list[SavedView]:
    """The saved views of a page, or of all pages, newest first."""
    records = workspace.catalogue.saved_views.of(page)
    if not records:
        return []
    there = _there(workspace)
    removed = {each.id for each in bin.content(workspace)}
    return [_view(record, there, removed) for record in reversed(records)]


def naming(workspace: Workspace, key: str) -> list[SavedView]:
    """The saved views that name a run, a layout or a dataset by its id, newest first."""
    return [each for each in listed(workspace) if any(named == key for _, named in each.named)]


def rename(workspace: Workspace, view: str, *, name: str) -> None:
    """Give a view another name; an unknown id raises `AbsentError`, an empty or long name `InputError`."""
    workspace.catalogue.saved_views.rename(view, _plain(name))


def remove(workspace: Workspace, view: str) -> None:
    """Move a view to the bin, from which it comes back within a day; an unknown id raises `AbsentError`."""
    workspace.catalogue.bin.put("view", view)


def _plain(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or len(plain) > LONGEST_NAME:
        raise InputError(
            f"The name has {len(plain):,} characters, expected 1 to {LONGEST_NAME}.",
            remedy="Choose another name.",
        )
    return plain


def _there(workspace: Workspace) -> dict[str, set[str]]:
    runs = {each.id for each in workspace.catalogue.runs()}
    return {
        "run": runs, "layout": runs, "dataset": {each.id for each in workspace.catalogue.datasets()},
    }  # fmt: skip


def _view(record: ViewRecord, there: Mapping[str, set[str]], removed: set[str]) -> SavedView:
    named = tuple((str(kind), str(key)) for kind, key in record.definition.get("named", ()))
    missing = tuple(
        f"The {WORDS[kind]} {key} {'was removed and can be brought back' if key in removed else 'no longer exists'}."
        for kind, key in named
        if kind in there and key not in there[kind]
    )
    query = {str(key): str(value) for key, value in record.definition.get("query", {}).items()}
    return SavedView(record.id, record.name, record.created, query, named, missing)
