"""Removing datasets, runs, heads and experiments, and bringing them back within a day."""

from __future__ import annotations

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
from qlatent.services.workspaces import Workspace


def remove(
    name: Annotated[str, typer.Argument(help="Id of a dataset, a run, a head or an experiment.")],
    stop: Annotated[bool, typer.Option("--stop", help="Stop the runs that use a dataset first.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove something; `qlatent restore` brings it back for a day, then it is deleted."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    kind = _kind(opened, name)
    if kind == "dataset":
        datasets.remove(opened, name, stop=stop)
    else:
        {"run": queue.remove, "head": kept_heads.remove, "experiment": experiments.remove}[kind](opened, name)
    terminal.result(
        {"removed": name, "kind": kind}, f"{kind} {name} is removed; `qlatent restore {name}` undoes it."
    )


def restore(
    name: Annotated[
        str | None, typer.Argument(help="Its id or name; without one, what can be brought back.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring back what was removed in the last day, or list it."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if name is not None:
        found = bin.restore(opened, name)
        terminal.result({"restored": found.id, "kind": found.kind}, f"{found.kind} {found.id} is back.")
        return
    rows = [{"kind": each.kind, "id": each.id, "name": each.name} for each in bin.content(opened)]
    terminal.table({"removed": rows}, ["kind", "id", "name"], [list(row.values()) for row in rows])


def _kind(workspace: Workspace, name: str) -> str:
    catalogue = workspace.catalogue
    listed = {
        "dataset": [each.id for each in catalogue.datasets()],
        "run": [each.id for each in catalogue.runs()],
        "head": [each.id for each in catalogue.heads()],
        "experiment": [each.id for each in experiments.list_experiments(workspace)],
    }
    for kind, ids in listed.items():
        if name in ids:
            return kind
    raise InputError(f"There is nothing with the id {name!r} here.", remedy="`qlatent runs` lists the runs.")
