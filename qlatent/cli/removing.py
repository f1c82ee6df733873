"""The commands `qlatent remove` and `qlatent restore` for datasets, runs, heads, experiments and collections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.errors import InputError
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.experiments import experiments
from qlatent.services.heads import kept_heads
from qlatent.services.runs import queue
from qlatent.services.selections import collections
from qlatent.services.workspaces import Workspace


def remove(
    name: Annotated[
        str, typer.Argument(help="Id of a dataset, a run, a head, an experiment or a collection.")
    ],
    stop: Annotated[bool, typer.Option("--stop", help="First stop the runs that use the dataset.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a dataset, run, head, experiment or collection. `qlatent restore` brings it back within a day."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    kind = _kind(opened, name)
    if kind == "dataset":
        datasets.remove(opened, name, stop=stop)
    else:
        _REMOVE[kind](opened, name)
    terminal.result(
        {"removed": name, "kind": kind}, f"{kind} {name} is removed. `qlatent restore {name}` brings it back."
    )


def restore(
    name: Annotated[
        str | None,
        typer.Argument(help="Id or name of what to restore. Without it, list what can be restored."),
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore what was removed in the last day, or list it."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if name is not None:
        found = bin.restore(opened, name)
        terminal.result({"restored": found.id, "kind": found.kind}, f"{found.kind} {found.id} is restored.")
        return
    rows = [{"kind": each.kind, "id": each.id, "name": each.name} for each in bin.content(opened)]
    terminal.table({"removed": rows}, ["kind", "id", "name"], [list(row.values()) for row in rows])


_REMOVE: dict[str, Callable[[Workspace, str], None]] = {
    "run": queue.remove, "head": kept_heads.remove, "experiment": experiments.remove,
    "collection": collections.remove,
}  # fmt: skip


def _kind(workspace: Workspace, name: str) -> str:
    catalogue = workspace.catalogue
    listed = {
        "dataset": [each.id for each in catalogue.datasets()],
        "run": [each.id for each in catalogue.runs()],
        "head": [each.id for each in catalogue.heads()],
        "experiment": [each.id for each in experiments.list_experiments(workspace)],
        "collection": [each.id for each in catalogue.collections.all()],
    }
    for kind, ids in listed.items():
        if name in ids:
            return kind
    raise InputError(f"There is nothing with the id {name!r} here.", remedy="`qlatent runs` lists the runs.")
