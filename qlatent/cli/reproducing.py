"""Runs `qlatent reproduce`: trains a published table from images and writes its report."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from qlatent.cli.terminal import Terminal
from qlatent.errors import InputError, RunError
from qlatent.provenance import made_by
from qlatent.report import reproduction as report
from qlatent.report import reproduction_on_device
from qlatent.services.experiments import on_device, reproduction
from qlatent.services.experiments.on_device import OnDevice
from qlatent.services.experiments.reproduction import VARIANTS, Place, Row
from qlatent.services.runs import listing
from qlatent.services.training import sweeps
from qlatent.services.workspaces import Workspace
from qlatent.store.disk import json_bytes, write_atomically

POLL = 2.0  # seconds between two polls
TABLE, ON_DEVICE = "qssl.json", "qssl_on_device.json"
DEVICE_VARIANTS = ("classical", "ring")


def reproduce(
    workspace: Workspace,
    *,
    data: Path,
    variants: tuple[str, ...],
    seeds: int | None,
    widths: tuple[int, ...],
    probes: int,
    workers: int,
    out: Path,
    picture: str,
    terminal: Terminal,
) -> None:
    """Train the missing runs of the table and write it; Ctrl-C stops, and the same command continues."""
    known = reproduction.read(out / TABLE)
    with terminal.progress("Importing the images") as status:
        dataset = reproduction.bring(workspace, data, progress=status)

    def table() -> list[Place]:
        return reproduction.places(
            workspace, dataset, variants=variants or tuple(VARIANTS), seeds=seeds, widths=widths
        )

    def lacking() -> list[Place]:
        return reproduction.lacking(table(), known, probes=probes)

    sweeps.start(workspace, lacking(), workers=workers)
    probing: list[str] = []
    try:
        failed = _follow(workspace, lacking, terminal)
        if probes:
            probing = reproduction.probe(workspace, table(), known, seeds=probes, workers=workers)
            failed += _wait_for_probes(workspace, probing, terminal)
    except KeyboardInterrupt:
        sweeps.stop(workspace, [*sweeps.ids(table()), *probing])
        raise
    rows = reproduction.merged(known, reproduction.rows(workspace, table()))
    if not rows:
        raise RunError(
            f"Nothing was trained. {' '.join(failed)}", remedy="Run the same command again to continue."
        )
    files = write(rows, out, command=_command(), picture=picture)
    _tell(rows, failed, files, terminal)


def reproduce_on_device(
    workspace: Workspace,
    *,
    data: Path,
    variants: tuple[str, ...],
    seeds: int | None,
    workers: int,
    out: Path,
    asked: OnDevice,
    terminal: Terminal,
) -> None:
    """Train the networks that are missing here, run their test images on a device's noise, and write the table."""
    table = out / ON_DEVICE
    known = json.loads(table.read_text(encoding="utf-8"))["rows"] if table.exists() else []
    with terminal.progress("Importing the images") as status:
        dataset = reproduction.bring(workspace, data, progress=status)

    def places() -> list[Place]:
        chosen = variants or DEVICE_VARIANTS
        return reproduction.places(workspace, dataset, variants=chosen, seeds=seeds, widths=(8,))

    def lacking() -> list[Place]:
        return [place for place in places() if not on_device.is_measured(place, asked, known)]

    sweeps.start(workspace, lacking(), workers=workers)
    try:
        failed = _follow(workspace, lacking, terminal)
    except KeyboardInterrupt:
        sweeps.stop(workspace, sweeps.ids(places()))
        raise
    with terminal.progress(f"Images on {asked.device}") as progress:
        made = on_device.measure(workspace, lacking(), asked, progress=progress)
    rows = on_device.ordered([*known, *made])
    if not rows:
        raise RunError(
            f"Nothing was measured. {' '.join(failed)}", remedy="Run the same command again to continue."
        )
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(table, json_bytes({"made_by": made_by(), "rows": rows}))
    files = [table, *reproduction_on_device.write(rows, out, command=_command())]
    for line in failed:
        terminal.note(line)
    columns, lines = reproduction_on_device.accuracy_table(rows)
    terminal.table({"rows": rows, "files": [str(path) for path in files]}, columns, lines)
    if not terminal.as_json:
        terminal.result({}, *(f"→ {path}" for path in files))


def write(rows: list[Row], out: Path, *, command: str, picture: str) -> list[Path]:
    """Write the table as JSON with its report; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / TABLE, json_bytes({"made_by": made_by(), "rows": rows}))
    return [out / TABLE, *report.write(rows, out, command=command, picture=picture)]


def _command() -> str:
    return "qlatent " + " ".join(sys.argv[1:])


def _follow(workspace: Workspace, places: Any, terminal: Terminal) -> tuple[str, ...]:
    """Wait until no training of the table is active; returns a line for each that did not finish."""
    table: list[Place] = places()
    finished: set[str] = set()
    with terminal.progress("QSSL") as progress:
        while True:
            status = sweeps.progress(workspace, table, finished=finished)
            progress(round(status.done * 100), status.total * 100)
            if not status.active:
                return status.failed
            time.sleep(POLL)


def _wait_for_probes(workspace: Workspace, ids: list[str], terminal: Terminal) -> tuple[str, ...]:
    """Wait until these probes have ended; returns a line for each that did not finish."""
    with terminal.progress("Published probes") as progress:
        while True:
            views = [listing.summary(workspace, each) for each in ids]
            progress(round(100 * sum(view.progress for view in views)), 100 * len(views) or None)
            if not any(view.active for view in views):
                return tuple(f"{view.name}: {view.message}" for view in views if view.state != "finished")
            time.sleep(POLL)


def _tell(rows: list[Row], failed: tuple[str, ...], files: list[Path], terminal: Terminal) -> None:
    for line in failed:
        terminal.note(line)
    columns, lines = report.accuracy_table(rows)
    terminal.table({"rows": rows, "files": [str(path) for path in files]}, columns, lines)
    if not terminal.as_json:
        terminal.result({}, *(f"→ {path}" for path in files))


def check_system(name: str) -> None:
    """Raise an `InputError` unless `name` is a published table that can be reproduced."""
    if name != "qssl":
        raise InputError(f"Unknown table {name!r}.", remedy="Known tables: qssl.")
