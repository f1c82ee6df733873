"""Follows an experiment until every cell is trained and measured, and prints its results."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from qlatent.cli.terminal import Terminal
from qlatent.errors import RunError
from qlatent.report import experiment as report
from qlatent.services.experiments import comparison, experiments, scopes
from qlatent.services.experiments.experiments import Progress
from qlatent.services.experiments.grid import Experiment, Grid
from qlatent.services.workspaces import Workspace

POLL = 1.0  # seconds between two polls of a grid
OLDER = (
    "This experiment keeps only equal rows together in the split: items that share an image, a text or the part of"
    " their id before # may be on both sides. `--set split_rule=groups` creates one that keeps them together."
)
SHOWN = (
    "spearman",
    "neighbour_overlap",
    "trustworthiness",
    "stress",
    "gap",
    "recall_at_10",
    "probe_accuracy",
)


def compare(
    workspace: Workspace,
    grid: Grid,
    *,
    terminal: Terminal,
    workers: int | None,
    out: Path | None,
    detach: bool,
    again: bool = False,
) -> None:
    """Create or find the experiment, run it, write its files and print its table."""
    experiment = experiments.create(workspace, grid)
    if experiment.settings["split_rule"] == "contents":
        terminal.note(OLDER)
    experiments.start(workspace, experiment, workers=workers)
    if again:
        experiments.measure(workspace, experiment, workers=workers, again=True)
    if detach:
        status = experiments.progress(workspace, experiment)
        terminal.result(
            {"experiment": experiment.id, "trainings": status.total, "finished": status.finished},
            f"{experiment.id}: {status.finished} of {status.total} trainings have finished; the others continue.",
        )
        return
    status = follow(workspace, experiment, terminal=terminal, workers=workers)
    if not status.measured and status.failed:
        raise RunError(
            f"Nothing was measured. {status.failed[0]}", remedy="Run the same command again to continue."
        )
    files = comparison.write(workspace, experiment, workspace.experiments_path / experiment.id)
    if out is not None:
        files = [*comparison.write(workspace, experiment, out), *report.write(workspace, experiment, out)]
    _tell(workspace, experiment, status, files, terminal)


def follow(
    workspace: Workspace, experiment: Experiment, *, terminal: Terminal, workers: int | None
) -> Progress:
    """The progress once every run has ended; Ctrl-C stops the runs, and the same command continues them."""
    with terminal.progress(f"Experiment {experiment.id}") as progress:
        try:
            tried = False
            while True:
                status = experiments.progress(workspace, experiment)
                progress(status.measured, status.total)
                if status.done and (status.measured >= status.finished or tried):
                    return status
                if status.done:  # trained earlier without being measured
                    tried = bool(experiments.measure(workspace, experiment, workers=workers))
                time.sleep(POLL)
        except KeyboardInterrupt:
            experiments.stop(workspace, experiment)
            raise


def _tell(
    workspace: Workspace, experiment: Experiment, status: Progress, files: list[Path], terminal: Terminal
) -> None:
    document = comparison.tidy(workspace, experiment)
    table = document["rows"]
    for line in (*status.failed, *status.refused, *document["notes"]):
        terminal.note(line)
    names = scopes.preferred(SHOWN, table)
    shown: dict[comparison.Key, dict[str, Any]] = {}
    for each in comparison.summaries(table):
        if each.metric in names:
            shown.setdefault((each.head, each.objective, each.dim), {})[each.metric] = comparison.said(each)
    columns = ["head", "objective", "dim", *(report.heading(table, name) for name in names)]
    lines = [[*key, *(line.get(name, "–") for name in names)] for key, line in shown.items()]
    terminal.table({**document, "files": [str(path) for path in files]}, columns, lines)
    if not terminal.as_json:
        terminal.result({}, *filter(None, [report.explained(names).strip()]))
        terminal.result({}, *report.in_words(table))
        terminal.result({}, *(f"→ {path}" for path in files))
