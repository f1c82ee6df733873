"""Estimate the contribution of each part of a head from runs that differ in that part only. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qlatent import registry
from qlatent.metrics.statistics import differences
from qlatent.metrics.statistics.differences import Difference
from qlatent.services.experiments import comparison, grid
from qlatent.services.experiments.comparison import Key, Row
from qlatent.services.experiments.grid import NO_OBJECTIVE, Experiment
from qlatent.store.workspace import Workspace

MISSING = {
    "What the circuit contributes": "Needs a quantum head and its twin, or its frozen or separable circuit.",
    "What the objective contributes": "Needs a head trained with two objectives.",
    "What the distance contributes": "This metric has no values for other distances, or nothing is measured yet.",
}


@dataclass(frozen=True)
class Effect:
    """A difference with its label."""

    name: str
    difference: Difference

    @property
    def words(self) -> str:
        """The difference as text."""
        return differences.in_words(self.difference)


def _known(table: Sequence[Row], metric: str) -> dict[Key, dict[int, float]]:
    return {
        key: comparison.values(seeds)
        for (key, name), seeds in comparison.by_seed(table).items()
        if name == metric
    }


def circuit(table: Sequence[Row], metric: str) -> list[Effect]:
    """Differences of each quantum head to its twin, to itself without entanglers, with a frozen circuit, …"""
    known = _known(table, metric)
    found = []
    for head, objective, dim in known:
        name = grid.parse(head)[0]
        own = registry.entry("head", name)
        for rival in dict.fromkeys([own.twin, *own.controls]):
            if rival and (rival, objective, dim) in known:
                made = differences.paired(known[head, objective, dim], known[rival, objective, dim])
                title = grid.title(head)
                rest = grid.title(rival).removeprefix(f"{title}, ")
                label = f"{title} − {rest}, {dim}-d{_with(objective, table)}"
                found.append(Effect(label, made))
    return found


def _with(objective: str, table: Sequence[Row]) -> str:
    several = len({row["objective"] for row in table} - {NO_OBJECTIVE}) > 1
    return f", {grid.goal(objective)}" if several else ""


def objective(table: Sequence[Row], metric: str) -> list[Effect]:
    """Differences of each head's objectives to CLIP-ACQUA's, or to the last one if that is not in the grid."""
    known = _known(table, metric)
    by_head: dict[tuple[str, int], dict[str, Mapping[int, float]]] = {}
    for (head, name, dim), seeds in known.items():
        by_head.setdefault((head, dim), {})[name] = seeds
    found = []
    for (head, dim), of_objectives in by_head.items():
        reference = "acqua" if "acqua" in of_objectives else list(of_objectives)[-1]
        for other in [each for each in of_objectives if each != reference]:
            made = differences.paired(of_objectives[other], of_objectives[reference])
            label = f"{grid.title(head)}, {dim}-d: {grid.goal(other)} − {grid.goal(reference)}"
            found.append(Effect(label, made))
    return found


def distance(workspace: Workspace, experiment: Experiment, metric: str) -> list[Effect]:
    """Differences of each head's metric with other latent distances to that with the Euclidean, on equal latents."""
    own: dict[tuple[Key, str], dict[int, float]] = {}
    for cell in grid.cells(workspace, experiment):
        if cell.run is None or cell.state != "finished":
            continue
        kept = workspace.run(cell.run.id).figures().get("distances", {})
        for name, figures in kept.items():
            value = figures.get(metric)
            if value is not None:
                key = (cell.head, cell.objective, comparison.dimension(cell))
                own.setdefault((key, name), {})[cell.seed] = value
    found = []
    for (key, name), seeds in own.items():
        plain = own.get((key, "euclidean"))
        if name != "euclidean" and plain:
            head, goal, dim = key
            label = f"{grid.title(head)}, {dim}-d" + ("" if goal == NO_OBJECTIVE else f", {grid.goal(goal)}")
            found.append(Effect(f"{label}: {name.replace('_', '-')}", differences.paired(seeds, plain)))
    return found
