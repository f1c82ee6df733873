"""The commands `qlatent remove` and `qlatent restore`, for all that a workspace keeps under an id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from qlatent.cli.options import JsonOption, WorkspaceOption, YesOption, check_owner, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.errors import InputError
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.experiments import experiments
from qlatent.services.hardware import listing
from qlatent.services.heads import kept_heads
from qlatent.services.runs import queue
from qlatent.services.selections import collections
from qlatent.services.views import saved
from qlatent.services.workspaces import Workspace


def remove(
    name: Annotated[
        str,
        typer.Argument(
            help="Id of a dataset, a run, a job, a head, an experiment, a collection or a saved view."
        ),
    ],
    stop: Annotated[bool, typer.Option("--stop", help="First stop the runs that use the dataset.")] = False,
    yes: YesOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a dataset, run, head, experiment, collection or saved view. `qlatent restore` brings it back within a day.

    The collections of a dataset stay, and so do the saved views of a dataset or run; they work again once it is back.
    """
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    kind = _kind(opened, name)
    check_owner(_owner(opened, kind, name), f"the {kind} {name}", yes=yes)
    stays = _stays(opened, kind, name)  # before the removal, while collections know their dataset
    if kind == "dataset":
        datasets.remove(opened, name, stop=stop)
    else:
        _REMOVE[kind](opened, name)
    said = f"{kind} {name} is removed. `qlatent restore {name}` brings it back."
    if kept := [_counted(*each) for each in stays.items() if each[1]]:
        said += f" {' and '.join(kept)} of it stay, and can be used again then."
    terminal.result({"removed": name, "kind": kind, **stays}, said)


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
    "run": queue.remove, "job": listing.remove, "head": kept_heads.remove, "experiment": experiments.remove,
    "collection": collections.remove, "view": saved.remove,
}  # fmt: skip


def _stays(workspace: Workspace, kind: str, name: str) -> dict[str, int]:
    """How many collections and saved views are of what is removed; they are kept."""
    found: dict[str, int] = {}
    if kind == "dataset":
        found["collections"] = len(collections.listed(workspace, name))
    if kind in ("dataset", "run"):
        found["views"] = len(saved.naming(workspace, name))
    return found


def _owner(workspace: Workspace, kind: str, name: str) -> str:
    """Who made it; "" where that is not kept."""
    if kind in ("run", "job"):
        return workspace.catalogue.run(name).owner
    return workspace.catalogue.collections.one(name).owner if kind == "collection" else ""


def _counted(words: str, number: int) -> str:
    return f"{number} {words.removesuffix('s') if number == 1 else words}".replace("view", "saved view")


def _kind(workspace: Workspace, name: str) -> str:
    catalogue = workspace.catalogue
    listed = {
        "dataset": [each.id for each in catalogue.datasets()],
        "job": [each.id for each in catalogue.runs(listing.KIND)],
        "run": [each.id for each in catalogue.runs()],
        "head": [each.id for each in catalogue.heads()],
        "experiment": [each.id for each in experiments.list_experiments(workspace)],
        "collection": [each.id for each in catalogue.collections.all()],
        "view": [each.id for each in catalogue.saved_views.of()],
    }
    for kind, ids in listed.items():
        if name in ids:
            return kind
    raise InputError(f"There is nothing with the id {name!r} here.", remedy="`qlatent runs` lists the runs.")
