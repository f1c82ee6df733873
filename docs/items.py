"""Print the difference of two heads on held-out items, with intervals over items.

python docs/items.py WORKSPACE EXPERIMENT … [--head acqua] [--against pca]

The difference is that of the means over seeds. Its 95 % interval is a jackknife: each held-out item is left out in
turn, with all its distances and from all neighbourhoods, for both heads. The tables of an experiment have intervals
over seeds, which say nothing about other items.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform
from scipy.stats import norm, spearmanr

from qlatent.heads import saving
from qlatent.metrics.pairs.neighbours import overlap
from qlatent.provenance import commit
from qlatent.services.experiments import experiments, grid
from qlatent.services.runs.specs import training_spec
from qlatent.services.training.kinds.table import run_configs
from qlatent.services.training.kinds.vectors.work import load_data
from qlatent.services.training.panel import latents_of
from qlatent.store.workspace import Workspace

METRICS = ("Spearman", "overlap@10")
Distances = NDArray[np.float64]


def distances(workspace: Workspace, cell: grid.Cell) -> tuple[Distances, Distances]:
    """Distances between held-out items before and after the head of a cell: (n, n) each."""
    assert cell.run is not None
    folder = workspace.run(cell.run.id)
    data = load_data(workspace, training_spec(folder), run_configs(training_spec(folder)))
    after = latents_of(saving.load(folder.model_path), data.heldout)
    (name,) = data.modalities
    before, kept = data.heldout[name].astype(np.float64), after[name].astype(np.float64)
    return squareform(pdist(before)), squareform(pdist(kept))


def judged(before: Distances, after: Distances) -> NDArray[np.float64]:
    """Spearman and neighbour overlap of a head."""
    upper = np.triu_indices(len(before), 1)
    return np.array([spearmanr(before[upper], after[upper]).statistic, overlap(before, after, 10)])


def gain(
    own: list[tuple[Distances, Distances]], other: list[tuple[Distances, Distances]], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The difference of two heads' means over seeds, on a subset of the items."""
    square = np.ix_(rows, rows)
    first, second = (
        np.mean([judged(before[square], after[square]) for before, after in each], axis=0)
        for each in (own, other)
    )
    return first - second


def told(workspace: Workspace, experiment: str, head: str, against: str) -> str:
    """One line of the table."""
    cells = grid.cells(workspace, experiments.view(workspace, experiment))
    found = {each: [c for c in grid.distinct(cells) if c.head == each and c.run] for each in (head, against)}
    known = {each: [distances(workspace, cell) for cell in of] for each, of in found.items()}
    every = np.arange(len(known[head][0][0]))
    value = gain(known[head], known[against], every)
    left = np.array([gain(known[head], known[against], np.delete(every, one)) for one in every])
    error = np.sqrt((len(every) - 1) / len(every) * ((left - left.mean(axis=0)) ** 2).sum(axis=0))
    half = norm.ppf(0.975) * error
    cells_ = [f"{v:+.3f} ({v - h:+.3f} to {v + h:+.3f})" for v, h in zip(value, half, strict=True)]
    return f"| {experiments.view(workspace, experiment).name} | {len(every)} | " + " | ".join(cells_) + " |"


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("workspace", type=Path)
parser.add_argument("experiments", nargs="+")
parser.add_argument("--head", default="acqua")
parser.add_argument("--against", default="pca")
given = parser.parse_args()

with Workspace.open(given.workspace) as opened:
    print(f"| {given.head} less {given.against} | items |", " | ".join(METRICS), "|")
    print("|---" * (len(METRICS) + 2) + "|")
    for each in given.experiments:
        print(told(opened, each, given.head, given.against))
print(f"\ncommit {commit()}")
