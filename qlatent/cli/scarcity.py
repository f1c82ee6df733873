"""The command `qlatent scarcity`: compares heads trained for retrieval on shares of the data."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from qlatent.cli.options import (
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
from qlatent.errors import ConfigError, RunError
from qlatent.provenance import made_by
from qlatent.report import scarcity as report
from qlatent.services.experiments import scarcity as service
from qlatent.services.experiments.scarcity import Study
from qlatent.services.training import sweeps
from qlatent.services.training.kinds.table import run_configs
from qlatent.services.workspaces import Workspace
from qlatent.store.disk import json_bytes, write_atomically

POLL = 2.0  # seconds between two polls
SHARES = ",".join(f"{100 * share:g}" for share in service.SHARES)


def scarcity(
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    heads: Annotated[str, typer.Option(help="Heads to train, comma-separated.")] = ",".join(service.HEADS),
    dims: Annotated[str, typer.Option(help="Latent dimensions, comma-separated.")] = "64",
    shares: Annotated[
        str,
        typer.Option(
            help="Shares of the training queries in percent, comma-separated. 0 is the untrained head."
        ),
    ] = SHARES,
    seeds: Annotated[
        int, typer.Option(min=1, max=100, help="Number of seeds; each head is trained once per seed.")
    ] = 3,
    against: Annotated[str, typer.Option(help="Head that the others are compared with.")] = "bec",
    judgements: Annotated[
        Path | None,
        typer.Option(help="Relevance judgements: TREC qrels, or query, document, gain. Default: labels."),
    ] = None,
    set_: SetOption = None,
    group_by: GroupBy = "",
    vectors: EncoderKey = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Number of processes. Default: one per core.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the table as JSON, Markdown and HTML.")] = Path(
        "scarcity"
    ),
    name: Annotated[str, typer.Option(help="Base name of these files.")] = "scarcity",
    title: Annotated[
        str, typer.Option(help="Heading of the report.")
    ] = "Training for retrieval on less data",
    picture: Annotated[str, typer.Option(help="Image to show in the Markdown report.")] = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train heads for retrieval on shares of the data, and compare them on held-out queries.

    Finished runs are not trained again. Ctrl-C stops; the same command continues.
    """
    opened, terminal = open_workspace(workspace), Terminal(as_json=as_json)
    study = Study(
        dataset, names(heads), numbers(dims, "--dims"), _shares(shares), seeds,
        split_by(settings_of(set_), group_by), vectors,
        str(judgements or ""),
    )  # fmt: skip
    failed = _train(opened, study, workers or os.cpu_count() or 1, terminal)
    table = service.places(opened, study)
    rows = service.rows(opened, table)
    if not rows:
        raise RunError(
            f"Nothing was trained. {' '.join(failed)}", remedy="Run the same command again to continue."
        )
    found = service.cells(rows, reference=against)
    document = _written(rows, found, out / f"{name}.json")
    command = "qlatent " + " ".join(sys.argv[1:])
    training = run_configs(table[0].spec).training
    about = {"Dataset": dataset, **study.settings, "split_rule": training.split_rule}
    files = report.write(
        found, out, name=name, title=title, reference=against, settings=about, command=command, picture=picture
    )  # fmt: skip
    for line in failed:
        terminal.note(line)
    for dim in sorted({each.dim for each in found}):
        columns, lines = report.by_share(found, dim)
        terminal.table(document, [f"{dim} dimensions", *columns[1:]], lines)
    if not terminal.as_json:
        terminal.result({}, *(f"→ {path}" for path in (out / f"{name}.json", *files)))


def _written(rows: Sequence[Mapping[str, Any]], found: Sequence[service.Cell], file: Path) -> dict[str, Any]:
    """Write the table as JSON and return the document; the values of single queries are left out."""
    kept = [{key: value for key, value in row.items() if key != "by_query"} for row in rows]
    document = {"made_by": made_by(), "rows": kept, "cells": [each.document() for each in found]}
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, json_bytes(document, indent=1))
    return document


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) / 100 for part in text.split(","))
    except ValueError as err:
        raise ConfigError(
            f"--shares {text}: expected comma-separated percentages.", remedy=f"For example: {SHARES}."
        ) from err


def _train(workspace: Workspace, study: Study, workers: int, terminal: Terminal) -> tuple[str, ...]:
    """Train the missing runs and wait; returns a line for each that did not finish."""
    table = service.places(workspace, study)
    sweeps.start(workspace, service.lacking(table), workers=workers)
    table = service.places(workspace, study)
    finished: set[str] = set()
    try:
        with terminal.progress("Training") as progress:
            while True:
                status = sweeps.progress(workspace, table, finished=finished)
                progress(round(status.done * 100), status.total * 100)
                if not status.active:
                    return status.failed
                time.sleep(POLL)
    except KeyboardInterrupt:
        sweeps.stop(workspace, sweeps.ids(table))
        raise
