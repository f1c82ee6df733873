"""The commands `qlatent compare`, `probe` and `reproduce`, which start many runs or long ones."""

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
from qlatent.services.experiments import on_device, reproduction
from qlatent.services.experiments.grid import Grid
from qlatent.services.runs import queue
from qlatent.services.training import image_probe


def compare(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    heads: Annotated[
        str, typer.Option(help="Heads, comma-separated. Add settings after a colon: acqua:depth=2.")
    ] = "acqua",
    objectives: Annotated[str, typer.Option(help="Objectives, comma-separated.")] = "distance_correlation",
    dims: Annotated[str, typer.Option(help="Latent dimensions, comma-separated.")] = "4",
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Number of seeds; each head is trained once per seed.")
    ] = 5,
    set_: SetOption = None,
    group_by: GroupBy = "",
    vectors: EncoderKey = None,
    name: Annotated[str | None, typer.Option(help="Name of the experiment.")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Number of processes. Default: one per core.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for table.parquet, table.json, report.html and report.md.")
    ] = None,
    measure_again: Annotated[
        bool,
        typer.Option(
            help="Measure again what an earlier version measured over images and texts together only."
        ),
    ] = False,
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train and measure a grid of heads with PCA and their classical twins. Finished runs are not trained again."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    grid = Grid(
        dataset, heads=names(heads), objectives=names(objectives), dims=numbers(dims, "--dims"), seeds=seeds,
        settings=split_by(settings_of(set_), group_by), encoder_key=vectors, name=name or "",
    )  # fmt: skip
    comparing.compare(
        opened, grid, terminal=terminal, workers=workers, out=out, detach=detach, again=measure_again
    )


def probe(
    run: Annotated[str, typer.Argument(help="Id of a finished run on images.")],
    detach: Detach = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run the published linear probe: 100 epochs on augmented images, the best of 100 test accuracies."""
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    started = queue.start(opened, image_probe.spec(opened, run))
    following.follow(opened, started, terminal=terminal, detach=detach)


def reproduce(
    table: Annotated[str, typer.Argument(help="Published table to reproduce: qssl.")],
    data: Annotated[
        Path, typer.Option(help="The .npz file with the images of CIFAR-10's first five classes.")
    ],
    variants: Annotated[
        str,
        typer.Option(help=f"Variants, comma-separated: {', '.join(reproduction.VARIANTS)}. Default: all."),
    ] = "",
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1, max=100, help="Seeds per variant. Default: 6 for the two main variants, 3 for the others."
        ),
    ] = None,
    widths: Annotated[str, typer.Option(help="Widths of the bottleneck, 2 to 10, comma-separated.")] = "8",
    probes: Annotated[
        int,
        typer.Option(
            min=0, max=100, help="Number of seeds per variant that also get the published probe (slow)."
        ),
    ] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Number of processes. Default: one per core.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Folder for qssl.json, qssl.md and qssl.html; existing results are kept.")
    ] = Path("qssl"),
    picture: Annotated[str, typer.Option(help="Image to show in qssl.md.")] = "",
    device: Annotated[
        str,
        typer.Option(
            help="Measure the trained networks on a device's noise instead (the paper's Fig. 6), such as fake_paris."
        ),
    ] = "",
    images: Annotated[
        int, typer.Option(min=5, max=5000, help="With --device: number of test images.")
    ] = on_device.IMAGES,
    shots: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="With --device: measurements per image.")
    ] = on_device.SHOTS,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Reproduce a published table and compare it with the published results. Finished runs are not trained again."""
    reproducing.check_system(table)
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    if device:
        asked = on_device.OnDevice(f"twin:{device.removeprefix('twin:')}", images=images, shots=shots)
        reproducing.reproduce_on_device(
            opened, data=data, variants=names(variants), seeds=seeds, workers=workers or os.cpu_count() or 1, out=out,
            asked=asked, terminal=terminal,
        )  # fmt: skip
        return
    reproducing.reproduce(
        opened, data=data, variants=names(variants), seeds=seeds, widths=numbers(widths, "--widths"), probes=probes,
        workers=workers or os.cpu_count() or 1, out=out, picture=picture, terminal=terminal,
    )  # fmt: skip
