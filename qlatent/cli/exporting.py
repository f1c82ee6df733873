"""The command `qlatent export`: datasets, collections and heads as files, for other tools too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qlatent.cli.options import EncoderKey, JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.selecting import IdOption, SelectionOption, WhereOption, selection
from qlatent.cli.terminal import Terminal
from qlatent.services.exports.choice import Choice
from qlatent.services.exports.export import TOOLS
from qlatent.services.exports.export import export as write


def export(
    what: Annotated[str, typer.Argument(help="Id of a dataset, a collection, a job, a run or a head.")],
    out: Annotated[
        Path,
        typer.Option(
            help="File to write: .zip for a head or run; .parquet, .csv or .jsonl for items, or .zip for their "
            "pictures. A new folder for tensorboard and fiftyone, .parquet for embedding-atlas."
        ),
    ],
    tool: Annotated[str, typer.Option("--for", help=f"Write what a tool reads: {', '.join(TOOLS)}.")] = "",
    item: IdOption = None,
    where: WhereOption = None,
    link: SelectionOption = None,
    vectors: EncoderKey = None,
    modality: Annotated[
        str, typer.Option(help="Vectors of this modality, for a tool. Default: the first.")
    ] = "",
    layout: Annotated[
        str,
        typer.Option(
            help="Layout for embedding-atlas, by its run from `qlatent layout`. Default: the plane of largest variance."
        ),
    ] = "",
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="Write thumbnails instead of the imported pictures.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a dataset or a collection as a table, as pictures or for another tool, or a head for `qlatent load`."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    choice = Choice(
        tool=tool, definition=selection(item, where, link), encoder=vectors or "", modality=modality,
        layout=layout,
        pictures="thumbnails" if thumbnails else "originals",
    )  # fmt: skip
    document = write(opened, what, out=out, choice=choice)
    lost = f", {document['left_out']:,} items left out" if document.get("left_out") else ""
    opens = [f"Open it with: {document['open_with']}"] if "open_with" in document else []
    terminal.result(document, f"{document['kind']} {what} → {out}{lost}", *opens)
