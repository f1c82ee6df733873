"""The latent spaces of an experiment: which runs have one, and what they are called."""

from __future__ import annotations

from qlatent.services.experiments import comparison, grid
from qlatent.services.experiments.grid import NO_OBJECTIVE, Cell, Experiment
from qlatent.ui.shell import page, parts


def spaces(experiment: Experiment) -> dict[str, Cell]:
    """The finished runs of the experiment by run id, lowest seed first."""
    found: dict[str, Cell] = {}
    for cell in grid.cells(page.workspace(), experiment):
        if cell.run is not None and cell.state == "finished":
            found.setdefault(cell.run.id, cell)
    return found


def title(cell: Cell, *, seed: bool = False) -> str:
    """Head, dimension and loss of a cell, with its seed if asked."""
    words = [grid.title(cell.head), f"{comparison.dimension(cell)}-d"]
    words += [] if cell.objective == NO_OBJECTIVE else [grid.goal(cell.objective)]
    return ", ".join([*words, f"seed {cell.seed}"] if seed else words)


def waiting() -> None:
    """Draw the empty state of an experiment without finished runs."""
    parts.empty(
        "Nothing trained yet",
        "Latent spaces appear here after the first training finishes.",
        icon=":material/hourglass_top:",
    )
