"""The command `qlatent items`: lists the items of a dataset, sorted and filtered by any column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qlatent.cli.options import JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.services.datasets import browsing
from qlatent.services.datasets.conditions import known_column, meeting

_HIDDEN = ["image_hash", "source"]
_LONGEST = 60  # characters of a cell on the terminal


def items(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    where: Annotated[
        list[str] | None,
        typer.Option(
            help="Show only items that meet a condition: size>=3, maker=Acme, text~red. Repeatable."
        ),
    ] = None,
    sort: Annotated[str | None, typer.Option(help="Sort by this column. Default: order of import.")] = None,
    descending: Annotated[bool, typer.Option("--descending", help="Sort in descending order.")] = False,
    limit: Annotated[int, typer.Option(help="Show at most this many rows.")] = 20,
    out: Annotated[
        Path | None, typer.Option(help="Write all matching items to this CSV file instead.")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the items of a dataset. Metadata can be used like any other column."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    table = browsing.items(opened, dataset)
    for condition in where or ():
        table = meeting(table, condition)
    if sort is not None:
        known_column(table, sort)
        table = browsing.ordered(table, sort, descending=descending)
    if out is not None:
        out.write_bytes(browsing.rows_csv(table))
        terminal.result({"out": str(out), "rows": len(table)}, f"{len(table)} rows → {out}")
        return
    shown = table.drop(columns=_HIDDEN).head(limit)
    rows = json.loads(shown.to_json(orient="records", date_format="iso"))
    cells = [["" if cell is None else str(cell)[:_LONGEST] for cell in row.values()] for row in rows]
    terminal.table({"items": rows, "rows": len(table)}, [str(name) for name in shown.columns], cells)
