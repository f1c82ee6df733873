"""Commands that train many: an experiment, a published table, and the probe that one was published with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from qlatent.cli import comparing, following, reproducing
from qlatent.cli.options import (
    Detach,
    EncoderKey,
    GroupBy,
    JsonOption,
    SetOption,
    WorkspaceOption,
    names,
    numbers,
    open_workspace,
    settings_of,
    split_by,
)
from qlatent.cli.terminal import Terminal
from qlatent.services.experiments import reproduction
from qlatent.services.experiments.grid import Grid
from qlatent.services.runs import queue
from qlatent.services.training import image_probe


def compare(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    heads: Annotated[
        str, typer.Option(help="Names with commas between; settings of one behind colons: acqua:depth=2.")
    ] = "acqua",
    objectives: Annotated[str, typer.Option(help="Names with commas between.")] = "distance_correlation",
    dims: Annotated[str, typer.Option(help="Latent dimensions with commas between.")] = "4",
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Each head is trained once for each.")] = 5,
    set_: SetOption = None,
    group_by: GroupBy = "",
    vectors: EncoderKey = None,
    name: Annotated[str | None, typer.Option(help="Name of the experiment.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes at once; one a core.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for table.parquet, table.json, report.html and report.md.")
    ] = None,
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train and measure a grid of heads beside PCA and their classical twins; what is done is not done again."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    grid = Grid(
        dataset, heads=names(heads), objectives=names(objectives), dims=numbers(dims, "--dims"), seeds=seeds,
        settings=split_by(settings_of(set_), group_by), encoder_key=vectors, name=name or "",
    )  # fmt: skip
    comparing.compare(opened, grid, terminal=terminal, workers=workers, out=out, detach=detach)


def probe(
    run: Annotated[str, typer.Argument(help="Id of a finished run on images.")],
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the linear probe as published: 100 augmented epochs, the best of 100 looks at the test images."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    started = queue.start(opened, image_probe.spec(opened, run))
    following.follow(opened, started, terminal=terminal, detach=detach)


def reproduce(
    table: Annotated[str, typer.Argument(help="Which published table: qssl.")],
    data: Annotated[Path, typer.Option(help="The .npz with the images of CIFAR-10's first five classes.")],
    variants: Annotated[
        str,
        typer.Option(
            help=f"Names with commas between, of {', '.join(reproduction.VARIANTS)}; all by default."
        ),
    ] = "",
    seeds: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Of each variant; by default 6 and 6, and 3 of the others."),
    ] = None,
    widths: Annotated[
        str, typer.Option(help="Widths of the bottleneck, 2 to 10, with commas between.")
    ] = "8",
    probes: Annotated[
        int,
        typer.Option(min=0, max=100, help="Seeds of each variant that get the published probe too (slow)."),
    ] = 0,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes at once; one a core.")] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for qssl.json, qssl.md and qssl.html; what it has is kept.")
    ] = Path("qssl"),
    picture: Annotated[str, typer.Option(help="Image of the figure that qssl.md is to show.")] = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a published table anew and set it beside the published figures; what is done is not done again."""
    reproducing.check_system(table)
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    reproducing.reproduce(
        opened, data=data, variants=names(variants), seeds=seeds, widths=numbers(widths, "--widths"), probes=probes,
        workers=workers or os.cpu_count() or 1, out=out, picture=picture, terminal=terminal,
    )  # fmt: skip
