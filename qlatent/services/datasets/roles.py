"""What the columns of a dataset mean, such as its seller, date or flag: guessed at import, changed afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from qlatent.errors import ConfigError
from qlatent.ingest import Mapping
from qlatent.ingest.columns.described import SAMPLE_ROWS, columns_of
from qlatent.ingest.columns.role_guess import guess_roles
from qlatent.registry import did_you_mean
from qlatent.store.workspace import Workspace

HIDDEN = "hidden"
ROLES = {
    "text": "Text", "picture": "Picture", "label": "Label", "flag": "Why it was flagged", "risk": "Risk score",
    "seller": "Seller", "price": "Price", "currency": "Currency", "date": "Date", "category": "Category",
    "listing_id": "Listing id", HIDDEN: "Hidden",
}  # fmt: skip
"""The roles with their titles. Hidden columns are neither shown to analysts nor learned from."""
CHOICES = tuple(role for role in ROLES if role not in ("text", "picture"))
"""The roles that a column can be given after the import."""
_PARTS = {"text": "text", "image": "picture"}  # columns whose content decides their role


def roles(workspace: Workspace, dataset: str) -> dict[str, str]:
    """The role of each column of a dataset that has one, by the names of the columns of its items.

    `text`, `image`, `label` and `id` are the item's own columns, the others those of its metadata. A dataset of an
    earlier version that says nothing of roles has guessed ones. An unknown dataset raises `StoreError`.
    """
    record = workspace.catalogue.dataset(dataset)
    if record.roles is not None:
        return dict(record.roles)
    return dict(_guessed(workspace, dataset, workspace.items.changed(dataset)))


def having(found: AbstractMapping[str, str], role: str) -> str | None:
    """The column with a role, or None."""
    return next((column for column, each in found.items() if each == role), None)


def hidden(workspace: Workspace, dataset: str) -> tuple[str, ...]:
    """The columns of a dataset that are neither shown to analysts nor learned from; errors as in `roles`."""
    return tuple(column for column, role in roles(workspace, dataset).items() if role == HIDDEN)


def set_role(workspace: Workspace, dataset: str, column: str, role: str | None) -> dict[str, str]:
    """Give one column a role, or take its role away; returns all roles. Errors as in `set_roles`."""
    return set_roles(workspace, dataset, {column: role})


def set_roles(
    workspace: Workspace, dataset: str, changes: AbstractMapping[str, str | None]
) -> dict[str, str]:
    """Give columns roles, or take them away with None; returns all roles.

    Except `hidden`, a role is that of one column: another column that had it loses it. `ConfigError` for an unknown
    role or column, and for text and picture, whose role is what they hold.
    """
    known = columns(workspace, dataset)
    if not set(changes) <= set(known):
        known = _every(workspace, dataset)
    found = roles(workspace, dataset)
    for column, role in changes.items():
        _check(column, role, known, dataset)
        if role is not None and role != HIDDEN:
            found = {name: each for name, each in found.items() if each != role}
        found = {name: each for name, each in found.items() if name != column}
        if role is not None:
            found[column] = role
    workspace.catalogue.update_dataset(dataset, roles=found)
    return found


def columns(workspace: Workspace, dataset: str) -> list[str]:
    """The columns that can be offered for a role: id, label, the metadata of the first rows, and those with a role."""
    keys = dict.fromkeys(key for document in _first(workspace, dataset) for key in document)
    known = [name for name in roles(workspace, dataset) if name not in _PARTS]
    return list(dict.fromkeys(["id", "label", *keys, *known]))


def of_mapping(mapping: Mapping) -> dict[str, str]:
    """The roles of the columns of items that are imported with a mapping."""
    own = {
        "text": "text" if mapping.text else None, "image": "picture" if mapping.image else None,
        "label": "label" if mapping.label else None, "price": "price" if mapping.price else None,
        "id": "listing_id" if mapping.has_versions else None,
    }  # fmt: skip
    return {column: role for column, role in own.items() if role is not None} | mapping.roles


def merged(earlier: dict[str, str] | None, added: dict[str, str]) -> dict[str, str]:
    """The roles of a dataset to which rows with other columns are added; a role stays where it was."""
    found = dict(earlier or {})
    for column, role in added.items():
        if column not in found and (role == HIDDEN or role not in found.values()):
            found[column] = role
    return found


def _check(column: str, role: str | None, known: Sequence[str], dataset: str) -> None:
    if role is not None and role not in CHOICES:
        raise ConfigError(f"There is no role {role!r} to give.", remedy=did_you_mean(role, CHOICES))
    if column in _PARTS:
        raise ConfigError(
            f"{column!r} has the role {_PARTS[column]!r}, which is what it holds.",
            remedy="Give another column a role.",
        )
    if column not in known:
        raise ConfigError(
            f"The items of {dataset!r} have no column {column!r}.", remedy=did_you_mean(column, known)
        )


@lru_cache(maxsize=8)
def _guessed(workspace: Workspace, dataset: str, changed: int) -> dict[str, str]:
    """The roles that the mappings of the imports and the first rows tell, until the dataset changes."""
    found: dict[str, str] = {}
    for record in workspace.catalogue.imports(dataset):
        found = merged(found, of_mapping(Mapping.from_dict(record.mapping)))
    documents = _first(workspace, dataset)
    keys = dict.fromkeys(key for document in documents for key in document)
    samples: dict[str, list[Any]] = {key: [each.get(key) for each in documents] for key in keys}
    guess = guess_roles(columns_of(samples))
    return merged(found, replace(Mapping(), **guess).roles)


def _first(workspace: Workspace, dataset: str) -> list[dict[str, Any]]:
    """The metadata of the first rows."""
    count = min(SAMPLE_ROWS, workspace.items.count(dataset))
    cells = workspace.items.rows(dataset, range(count), columns=["metadata"])
    return [json.loads(each["metadata"]) for each in cells]


def _every(workspace: Workspace, dataset: str) -> list[str]:
    """Every column that some item has; reads the metadata of all items."""
    cells = workspace.items.table(dataset, columns=["metadata"])["metadata"].to_pylist()
    return ["id", "label", *dict.fromkeys(key for cell in cells if cell != "{}" for key in json.loads(cell))]
