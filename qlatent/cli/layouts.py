"""The command `qlatent layout`, which computes a map of vectors or latents and writes its coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent.cli import following
from qlatent.cli.options import Detach, EncoderKey, JsonOption, WorkspaceOption, open_workspace
from qlatent.cli.terminal import Terminal
from qlatent.errors import RunError
from qlatent.services.exports import tables
from qlatent.services.layouts import layouts, reading, requests
from qlatent.services.layouts.requests import METHODS, LayoutRequest
from qlatent.services.workspaces import Workspace


def layout(
    source: Annotated[
        str, typer.Argument(help="Id of a dataset, for its vectors, or of a run, for its latents.")
    ],
    method: Annotated[
        str,
        typer.Option(help="; ".join(f"{name}: {title}" for name, title in METHODS.items()) + "."),
    ] = "umap",
    modality: Annotated[str, typer.Option(help="image, text or vector. Default: the first there is.")] = "",
    step: Annotated[int | None, typer.Option(help="Step of the run's frame. Default: the last.")] = None,
    metric: Annotated[
        str, typer.Option(help="cosine, euclidean or log_fidelity. Default: cosine, or the head's own.")
    ] = "",
    dimensions: Annotated[int, typer.Option(min=2, max=3, help="2 or 3.")] = 2,
    neighbours: Annotated[int, typer.Option(min=2, help="UMAP: size of a neighbourhood.")] = 15,
    min_dist: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="UMAP: smallest distance of points on the map.")
    ] = 0.1,
    epochs: Annotated[
        int, typer.Option(min=0, help="UMAP: epochs. Default (0): by the number of points.")
    ] = 0,
    densmap: Annotated[bool, typer.Option("--densmap", help="UMAP: keep local densities too.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the layout.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="File for id, x, y (and z): .parquet, .csv or .jsonl.")
    ] = None,
    vectors: EncoderKey = None,
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compute a map of a dataset's vectors or a run's latents, with figures that say how far it can be believed."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if out is not None:
        tables.check_ending(out, tables.TABLES)
    request = LayoutRequest(
        source,
        method,
        vectors or "",
        modality,
        step,
        metric,
        dimensions,
        neighbours,
        min_dist,
        epochs,
        densmap,
        seed,
    )
    if method == "aligned" and requests.existing(opened, requests.spec(opened, request)) is None:
        terminal.note("Measuring how long it will take …")
        terminal.note(f"About {reading.expected_seconds(opened, request):.0f} s.")
    run = requests.start(opened, request)
    if detach:
        following.follow(opened, run, terminal=terminal, detach=True)
        return
    _finish(opened, run, out=out, terminal=terminal)


def _finish(workspace: Workspace, run: str, *, out: Path | None, terminal: Terminal) -> None:
    """Wait for the layout, write its table and print its figures."""
    view = following.watch(workspace, run, terminal=terminal)
    if view.state != "finished":
        raise RunError(f"Run {run} was {view.state}.", remedy=f"`qlatent resume {run}` starts it again.")
    found = layouts.read(workspace, run)
    if out is not None:
        tables.write_table(layouts.table(workspace, found), out)
    document: dict[str, Any] = {
        "layout": run, "method": found.method, "points": len(found.rows), "left_out": found.left_out,
        **found.quality, **({"out": str(out)} if out else {}),
    }  # fmt: skip
    terminal.result(document, *_lines(document))


def _lines(document: dict[str, Any]) -> list[str]:
    left = f", {document['left_out']:,} without numbers left out" if document["left_out"] else ""
    first = f"{document['layout']}: {document['points']:,} points{left}, in {document['seconds']:.1f} s."
    shown = {
        "trustworthiness": "near on the map is near among the vectors",
        "continuity": "near among the vectors is near on the map",
        "neighbour_overlap": "of the 10 nearest are kept",
        "neighbour_accuracy": "the 10 nearest on the map name the label",
        "neighbour_accuracy_vectors": "the 10 nearest vectors name the label",
    }
    said = [f"  {document[name]:.3f}  {words} ({name})" for name, words in shown.items() if name in document]
    sampled = document["measured_points"] < document["points"]
    note = [f"  measured on {document['measured_points']:,.0f} points"] if sampled else []
    written = [f"  → {document['out']}"] if "out" in document else []
    return [first, *said, *note, *written]
