"""What each part of a head contributes: differences between runs that differ in that part alone. Torch-free."""

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
    "What the circuit contributes": "Needs a quantum head beside its twin, a frozen or a separable circuit.",
    "What the objective contributes": "Needs a head trained towards two objectives.",
    "What the distance contributes": "This figure is not measured with other distances, or nothing is measured yet.",
}


@dataclass(frozen=True)
class Effect:
    """A difference and what it is of."""

    name: str
    difference: Difference

    @property
    def words(self) -> str:
        """The difference in plain words."""
        return differences.in_words(self.difference)


def _known(table: Sequence[Row], metric: str) -> dict[Key, dict[int, float]]:
    return {
        key: comparison.values(seeds)
        for (key, name), seeds in comparison.by_seed(table).items()
        if name == metric
    }


def circuit(table: Sequence[Row], metric: str) -> list[Effect]:
    """Each quantum head less its twin, less itself without entanglers, less itself with a frozen circuit, …"""
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
    """Each head's objectives less CLIP-ACQUA's own, or less the last one where that was not asked for."""
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
    """Each head's figure with another latent distance less that with the Euclidean one: the same latents."""
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
