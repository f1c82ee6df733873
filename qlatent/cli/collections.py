"""The commands `qlatent collections`: list, create, change, combine, export and remove named collections of items."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qlatent.cli import exporting, lines
from qlatent.cli.options import JsonOption, WorkspaceOption, YesOption, check_owner, open_workspace
from qlatent.cli.selecting import IdOption, SelectionOption, WhereOption, asked
from qlatent.cli.terminal import Terminal
from qlatent.services.selections import collections
from qlatent.services.selections.collections import CollectionView

app = typer.Typer(help="Keep items in named collections.", no_args_is_help=True)

Collection = Annotated[str, typer.Argument(help="Id or name of a collection.")]


@app.command(name="list")
def list_command(
    dataset: Annotated[str | None, typer.Argument(help="Id of a dataset. Default: all.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the collections with their numbers of items."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    rows = [_row(each) for each in collections.listed(opened, dataset)]
    columns = ["collection", "name", "dataset", "items", "lost"]
    terminal.table({"collections": rows}, columns, [[row[name] for name in columns] for row in rows])


@app.command()
def create(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    name: Annotated[str, typer.Argument(help="Name of the collection.")],
    item: IdOption = None,
    where: WhereOption = None,
    link: SelectionOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep items of a dataset under a name."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    made = collections.create(opened, dataset, asked(item, where, link), name=name)
    terminal.result(_row(made), f"{made.id}: {made.count} items of {dataset}.")


@app.command()
def add(
    collection: Collection,
    item: IdOption = None,
    where: WhereOption = None,
    link: SelectionOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add items to a collection."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    change = collections.add(opened, collection, asked(item, where, link))
    _changed(terminal, collections.view(opened, collection), f"{change.added} items added", change.added)


app.command()(exporting.export)


@app.command(name="take-out")
def take_out(
    collection: Collection,
    item: IdOption = None,
    where: WhereOption = None,
    link: SelectionOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take items out of a collection."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    change = collections.take_out(opened, collection, asked(item, where, link))
    _changed(terminal, collections.view(opened, collection), f"{change.taken} items taken out", change.taken)


@app.command()
def combine(
    name: Annotated[str, typer.Argument(help="Name of the new collection.")],
    parts: Annotated[list[str], typer.Argument(help="Ids or names of the collections to combine.")],
    how: Annotated[
        str,
        typer.Option(help="union, intersection, or difference: the first without the others."),
    ] = "union",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a new collection from others."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    made = collections.combine(opened, parts, how=how, name=name)
    terminal.result(_row(made), f"{made.id}: {made.count} items.")


@app.command()
def rename(
    collection: Collection,
    name: Annotated[str, typer.Argument(help="The new name.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rename a collection. Its id stays the same."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    renamed = collections.rename(opened, collection, name=name)
    terminal.result(_row(renamed), f"{renamed.id}: named {renamed.name}.")


@app.command()
def undo(collection: Collection, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Undo the last change of a collection; again, the change before it."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    key = collections.view(opened, collection).id
    change = collections.undo(opened, key)
    said = f"undone: {change.added} had been added, {change.taken} taken out"
    _changed(terminal, collections.view(opened, key), said, change.added + change.taken)


@app.command()
def remove(
    collection: Collection,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a collection. `qlatent restore` brings it back within a day; its items stay in the dataset."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    found = collections.view(opened, collection)
    check_owner(found.owner, f"the collection {found.id}", yes=yes)
    collections.remove(opened, found.id)
    terminal.result(
        {"collection": found.id, "removed": True},
        f"{found.id}: {found.name} is removed. `qlatent restore {found.id}` brings it back.",
    )


def _changed(terminal: Terminal, found: CollectionView, said: str, changed: int) -> None:
    terminal.result(_row(found) | {"changed_items": changed}, f"{found.id}: {said}; {found.count} items.")


def _row(found: CollectionView) -> dict[str, Any]:
    """One collection in a list."""
    return {
        "collection": found.id, "name": found.name, "dataset": found.dataset, "items": found.count,
        "lost": found.lost, "created": lines.time_of(found.created), "changed": lines.time_of(found.changed),
    }  # fmt: skip
