"""Results of an experiment: the tidy table, summaries, contrasts and exported files. Torch-free."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from qlatent import registry
from qlatent.errors import InputError
from qlatent.metrics.statistics import differences
from qlatent.metrics.statistics.differences import Difference
from qlatent.provenance import made_by
from qlatent.services.experiments import experiments, grid, scopes
from qlatent.services.experiments.grid import NO_OBJECTIVE, Cell, Experiment
from qlatent.store.disk import json_bytes, write_atomically
from qlatent.store.workspace import Workspace

COSTS = {
    "bytes_per_item": "Bytes per item",
    "parameters_stored": "Parameters, stored",
    "parameters_used": "Parameters, used",
    "train_seconds": "Training, s",
    "ms_per_1000": "ms per 1,000 items",
}
Key = tuple[str, str, int]  # head, objective, dimension
Row = dict[str, Any]
COLUMNS = ("head", "objective", "dim", "seed", "metric", "value", "low", "high", "n")


def rows(workspace: Workspace, experiment: Experiment) -> list[Row]:
    """One row per measured cell and metric; undefined values are None."""
    found: list[Row] = []
    for cell in grid.cells(workspace, experiment):
        found.extend(_rows_of(workspace, cell))
    return found


def _rows_of(workspace: Workspace, cell: Cell) -> list[Row]:
    if cell.run is None or cell.state != "finished":
        return []
    kept = workspace.run(cell.run.id).figures()
    if not kept:
        return []
    place = {"head": cell.head, "objective": cell.objective, "dim": dimension(cell), "seed": cell.seed}
    measured = [
        {**place, "metric": name, **{key: figure[key] for key in ("value", "low", "high", "n")}}
        for name, figure in kept["metrics"].items()
    ]
    costs = [
        {**place, "metric": name, "value": value, "low": None, "high": None, "n": 1}
        for name, value in kept["costs"].items()
    ]
    return measured + costs


def dimension(cell: Cell) -> int:
    """The latent dimension of a cell, or the full width for a head without compression."""
    if cell.dim is not None:
        return cell.dim
    if cell.spec is None:
        return 0
    config = registry.make_config(registry.head_class(cell.spec.head), cell.spec.configs.head)
    return int(config.latent_dim)


def notes(workspace: Workspace, experiment: Experiment) -> list[str]:
    """The reasons for missing values, each once."""
    said: dict[str, None] = {}
    for cell in grid.cells(workspace, experiment):
        if cell.run is not None and cell.state == "finished":
            measured = workspace.run(cell.run.id).figures().get("metrics", {})
            if scopes.is_of_pairs_only_together(measured):
                said[experiments.ONLY_TOGETHER] = None
            for name, figure in measured.items():
                if figure["value"] is None and figure["note"]:
                    said[f"{metric_title(name)}: {figure['note']}"] = None
    return list(said)


def metric_title(name: str, *, of_pairs: bool = False) -> str:
    """The title of a metric or cost; of a metric of images and texts it says whether it is over both together."""
    return scopes.title(name, of_pairs=of_pairs) or COSTS.get(name, name)


def better(name: str) -> str:
    """The better direction of a metric: "higher", "lower" or "" (neither)."""
    found = registry.metric_entry(name)
    if found is not None:
        return found.better
    return "lower" if name in COSTS else ""


# --- summaries and contrasts ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    """Summary of a metric of one head at one dimension over its seeds.

    The interval is over seeds (Student's t) if there are several values, else the interval over items of the one value.
    """

    head: str
    objective: str
    dim: int
    metric: str
    mean: float
    low: float
    high: float
    seeds: int
    over: str  # seeds | items


def by_seed(table: Iterable[Row]) -> dict[tuple[Key, str], dict[int, Row]]:
    """Rows keyed by ((head, objective, dim), metric), then by seed."""
    found: dict[tuple[Key, str], dict[int, Row]] = {}
    for row in table:
        key = (row["head"], row["objective"], row["dim"])
        found.setdefault((key, row["metric"]), {})[row["seed"]] = row
    return found


def values(of_seeds: Mapping[int, Row]) -> dict[int, float]:
    """Values by seed, of the rows that have one."""
    return {seed: row["value"] for seed, row in of_seeds.items() if row["value"] is not None}


def summaries(table: Iterable[Row]) -> list[Summary]:
    """One summary per head, objective, dimension and metric, in the order of the rows."""
    found = []
    for (key, metric), of_seeds in by_seed(table).items():
        known = values(of_seeds)
        mean, low, high = differences.mean_interval(list(known.values()))
        over = "seeds"
        if len(set(known.values())) == 1:
            first = of_seeds[min(known)]
            low, high = (math.nan if first[end] is None else first[end] for end in ("low", "high"))
            over = "items"
        found.append(Summary(*key, metric, mean, low, high, len(known), over))
    return found


@dataclass(frozen=True)
class Contrast:
    """Difference of a metric between two heads at one dimension, over the same seeds."""

    head: str
    objective: str
    dim: int
    metric: str
    against: str
    against_objective: str
    role: str  # twin, PCA or best classical; joined where one head has two roles
    difference: Difference
    p_holm: float

    @property
    def words(self) -> str:
        """The difference as text."""
        return differences.in_words(self.difference)


def contrasts(table: Sequence[Row], metric: str) -> list[Contrast]:
    """Contrasts of each quantum(-inspired) head with its twin, PCA and the best classical head of its dimension.

    Holm's correction covers all contrasts of the metric. The best classical head is chosen by its mean on the rows of
    the comparison, which favours that head.
    """
    known = {key: values(seeds) for (key, name), seeds in by_seed(table).items() if name == metric}
    found: list[tuple[Key, Key, str]] = []
    for key in known:
        if family(key[0]) in ("quantum", "quantum-inspired"):
            found.extend((key, opponent, role) for role, opponent in _opponents(key, known, metric))
    made = [differences.paired(known[key], known[opponent]) for key, opponent, _ in found]
    corrected = differences.holm([each.p for each in made])
    return [
        Contrast(*key, metric, opponent[0], opponent[1], role, difference, p)
        for (key, opponent, role), difference, p in zip(found, made, corrected, strict=True)
    ]


def family(head: str) -> str:
    """The family of a head: "quantum", "quantum-inspired" or "classical"."""
    name = grid.parse(head)[0]
    return registry.entry("head", name).family


def _opponents(key: Key, known: Mapping[Key, Mapping[int, float]], metric: str) -> list[tuple[str, Key]]:
    head, objective, dim = key
    twin = registry.entry("head", grid.parse(head)[0]).twin
    found = []
    if (twin, objective, dim) in known:
        found.append(("twin", (twin, objective, dim)))
    if ("pca", NO_OBJECTIVE, dim) in known:
        found.append(("PCA", ("pca", NO_OBJECTIVE, dim)))
    classical = {
        each: differences.mean_interval(list(seeds.values()))[0]
        for each, seeds in known.items()
        if each[2] == dim and family(each[0]) == "classical" and seeds
    }
    if not classical:
        return found
    sign = -1.0 if better(metric) == "lower" else 1.0
    strongest = max(classical, key=lambda each: sign * classical[each])
    if any(opponent == strongest for _, opponent in found):
        return [
            (f"{role}, best classical" if opponent == strongest else role, opponent)
            for role, opponent in found
        ]
    return [*found, ("best classical", strongest)]


def best(table: Sequence[Row], metric: str) -> set[Key]:
    """The best head at each dimension, where it is significantly better than every other head there.

    The paired 95 % interval of its difference to each other head must exclude 0.
    """
    direction = better(metric)
    known = {key: values(seeds) for (key, name), seeds in by_seed(table).items() if name == metric}
    found: set[Key] = set()
    if not direction:
        return found
    sign = -1.0 if direction == "lower" else 1.0
    for dim in {key[2] for key in known}:
        rivals = [key for key in known if key[2] == dim and known[key]]
        if len(rivals) < 2:
            continue
        first = max(rivals, key=lambda key: sign * differences.mean_interval(list(known[key].values()))[0])
        made = [differences.paired(known[first], known[each]) for each in rivals if each != first]
        if all(each.holds and sign * each.mean > 0 for each in made):
            found.add(first)
    return found


# --- files ------------------------------------------------------------------------------------------------


def frame(table: Sequence[Row]) -> pd.DataFrame:
    """The tidy table as a data frame."""
    return pd.DataFrame(list(table), columns=list(COLUMNS))


def wide(table: Sequence[Row], metrics: Sequence[str]) -> pd.DataFrame:
    """Heads × metrics: one row per head, objective and dimension, with cells "mean [low, high]"."""
    lines: dict[Key, dict[str, str]] = {}
    of_pairs = scopes.is_of_pairs(table)
    for each in summaries(table):
        if each.metric in metrics:
            line = lines.setdefault((each.head, each.objective, each.dim), {})
            line[metric_title(each.metric, of_pairs=of_pairs)] = said(each)
    return pd.DataFrame(
        [
            {"Head": grid.title(head), "Objective": objective, "d′": dim, **line}
            for (head, objective, dim), line in lines.items()
        ]
    )


def seed_by_seed(table: Sequence[Row], metric: str) -> pd.DataFrame:
    """The values of one metric: one row per head in the order of the table, one column per seed."""
    found = pd.DataFrame([row for row in table if row["metric"] == metric])
    lines = found.pivot(index="head", columns="seed", values="value").reindex(found["head"].unique())
    lines.columns = [f"Seed {seed}" for seed in lines.columns]
    lines.index = pd.Index([grid.title(head) for head in lines.index], name="Head")
    return lines


def said(summary: Summary) -> str:
    """A summary as text."""
    if not math.isfinite(summary.mean):
        return "–"
    if summary.metric in COSTS:
        return f"{summary.mean:,.4g}" if summary.mean < 1000 else f"{summary.mean:,.0f}"
    ends = f" [{summary.low:.3f}, {summary.high:.3f}]" if math.isfinite(summary.low) else ""
    return f"{summary.mean:.3f}{ends}"


def latex(table: Sequence[Row], metrics: Sequence[str]) -> str:
    """The heads × metrics table as LaTeX with booktabs."""
    given = wide(table, metrics)
    safe = given.map(lambda cell: _escaped(str(cell))).rename(columns=_escaped)
    return safe.style.hide(axis="index").to_latex(hrules=True, column_format="l" * len(safe.columns))


def _escaped(text: str) -> str:
    for plain, tex in (
        ("\\", r"\textbackslash "),
        ("&", r"\&"),
        ("%", r"\%"),
        ("_", r"\_"),
        ("#", r"\#"),
        ("′", "$'$"),
    ):
        text = text.replace(plain, tex)
    return text


def tidy(workspace: Workspace, experiment: Experiment) -> dict[str, Any]:
    """The experiment and its results as one JSON document with `rows`."""
    table = rows(workspace, experiment)
    told = experiments.progress(workspace, experiment)
    return {
        "experiment": experiments.document(experiment),
        "made_by": made_by(),
        "rows": table,
        "contrasts": [
            {**asdict(each), "words": each.words}
            for metric in scopes.contrasted(table)
            for each in contrasts(table, metric)
        ],
        "refused": list(told.refused),
        "failed": list(told.failed),
        "notes": notes(workspace, experiment),
    }


def write(workspace: Workspace, experiment: Experiment, folder: Path) -> list[Path]:
    """Write table.parquet and table.json into `folder`; returns their paths."""
    document = tidy(workspace, experiment)
    if not document["rows"]:
        raise InputError(
            "This experiment has no results yet.",
            remedy="Run `qlatent compare` until it is finished.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    parquet, plain = folder / "table.parquet", folder / "table.json"
    frame(document["rows"]).to_parquet(parquet, index=False)
    write_atomically(plain, json_bytes(document, indent=1))
    return [parquet, plain]
