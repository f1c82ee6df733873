"""The commands `qlatent heads`: list the kept heads; keep, rename or remove one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from qlatent.cli import lines
from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.services.heads import kept_heads
from qlatent.services.heads.kept_heads import HeadView

app = typer.Typer(help="List the kept heads; keep, rename or remove one.", invoke_without_command=True)

Head = Annotated[str, typer.Argument(help="Id of a kept head, from `qlatent heads`.")]


@app.callback()
def listed(context: typer.Context, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """List the kept heads; keep, rename or remove one."""
    if context.invoked_subcommand is not None:
        if workspace is not None or as_json:
            raise typer.BadParameter(f"put this option after `{context.invoked_subcommand}`")
        return
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    rows = [_row(view) for view in kept_heads.list_heads(opened)]
    terminal.table(
        {"heads": rows},
        ["id", "kind", "origin", "parameters", "name", "broken"],
        [list(row.values())[:6] for row in rows],
    )


@app.command()
def keep(
    run: Annotated[str, typer.Argument(help="Id of a finished run.")],
    name: Annotated[str | None, typer.Option(help="Name of the head. Default: the run's name.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep the head of a finished run, such as a run of an experiment."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    head_id = kept_heads.keep_run(opened, run)
    view = kept_heads.rename(opened, head_id, name=name) if name else kept_heads.view(opened, head_id)
    terminal.result(_row(view), f"{head_id}: {view.title}, named {view.name}.")


@app.command()
def rename(
    head: Head,
    name: Annotated[str, typer.Argument(help="The new name.")],
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rename a head. Its id stays the same."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    view = kept_heads.rename(opened, head, name=name)
    terminal.result(_row(view), f"{head}: named {view.name}.")


@app.command()
def remove(head: Head, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Remove a head. `qlatent restore` brings it back within a day. The run that trained it stays."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    view = kept_heads.view(opened, head)
    kept_heads.remove(opened, head)
    terminal.result(
        {"head": head, "removed": True},
        f"{head}: {view.name} is removed. `qlatent restore {head}` brings it back.",
    )


def _row(view: HeadView) -> dict[str, Any]:
    """One head in a list."""
    return {
        "head": view.id, "kind": view.head, "origin": view.origin, "parameters": view.parameter_count.get("stored"),
        "name": view.name, "broken": view.broken, "run": view.run_id, "dataset": view.dataset_id,
        "encoder": view.encoder, "created": lines.time_of(view.created),
    }  # fmt: skip
