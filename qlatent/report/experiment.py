"""Writes the report of an experiment: answer, metrics, differences, costs, settings and caveats."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from qlatent.plots import comparison as plots
from qlatent.plots.comparison import Bar, Line
from qlatent.provenance import commit
from qlatent.registry import SCOPES
from qlatent.report import document
from qlatent.report.document import Part, number, version_of
from qlatent.services import demo
from qlatent.services.circuits import circuits
from qlatent.services.experiments import comparison, experiments, grid, scopes
from qlatent.services.experiments.comparison import Contrast, Key, Row
from qlatent.services.experiments.grid import NO_OBJECTIVE, Experiment
from qlatent.services.runs import listing
from qlatent.store.workspace import Workspace

FIRST = ("spearman", "neighbour_overlap", "trustworthiness", "continuity", "stress", "gap", "recall_at_10",
         "probe_accuracy", "effective_rank")  # fmt: skip
COSTS = ("parameters_stored", "parameters_used", "bytes_per_item", "train_seconds", "ms_per_1000")
DRAWN = ("spearman", "neighbour_overlap")
PACKAGES = ("qlatent", "torch", "numpy", "scipy", "scikit-learn", "numba")
REFERENCES = ("pca", "identity", "pca_whitened", "random_projection", "truncation")
CONTROLS = ("acqua_frozen", "acqua_separable")  # quantum heads that are controls of another one
CAVEATS = (
    "Seeds vary the weights and the order of batches. The held-out part is the same for all unless split_seed is −1.",
    "Intervals are 95 %: Student's t over seeds if they differ, else a bootstrap over held-out items.",
    "p comes from a sign-flip permutation test of the paired differences over seeds, so n seeds cannot give less than "
    "2/2ⁿ; p (Holm) is corrected for all contrasts of its metric.",
    "The best classical head is chosen by its mean on the same metric on which it is compared.",
    "Circuits are simulated exactly, without noise or shots. Nothing here is about speed on a quantum device.",
    "Of images and texts, metrics of distances and neighbours are given within images, within texts and as the mean of "
    "both. Those over images and texts together say so: the gap between the two decides most of their pairs.",
)
WITHIN = "Within: the mean of images and texts, each compared with itself."
NOTHING = "Nothing can be compared yet: no quantum head has been measured together with another head."
ROLES = {"PCA": "PCA", "twin": "its classical twin", "best classical": "the best classical head"}


def write(workspace: Workspace, experiment: Experiment, folder: Path) -> list[Path]:
    """Write report.html and report.md into `folder`; returns the paths."""
    return document.write(
        folder, "report", f"{experiment.name}: what the compression kept", parts(workspace, experiment)
    )


def parts(workspace: Workspace, experiment: Experiment) -> list[Part]:
    """The sections of the report."""
    table = comparison.rows(workspace, experiment)
    told = experiments.progress(workspace, experiment)
    warned = filter(None, [demo.beyond_builtin(experiment.encoder, experiment.dataset)])
    found = [Part("Answer", points=[*warned, *answer(table)])]
    known = {row["metric"] for row in table if row["value"] is not None}
    metrics = [name for name in scopes.preferred(FIRST, table) if name in known]
    found.append(Part("Metrics", "Mean over seeds [95 % interval]. Bold: better than every other head of its "
                      f"dimension, with paired intervals that exclude 0.{explained(metrics)}",
                      metrics_table(table, metrics)))  # fmt: skip
    found += [
        Part(
            f"{titled(table, name)} against dimension",
            "PCA and other references in grey.",
            figure=plots.frontier(lines(table, name), x="latent dimension", y=titled(table, name)),
        )
        for name in drawn(table)
        if name in metrics
    ]
    found.append(Part("All comparisons", points=in_words(table)))
    for name in drawn(table):
        made = comparison.contrasts(table, name)
        if made:
            found.append(Part(f"Differences in {titled(table, name)}", table=contrast_table(made)))
            found.append(Part("", figure=plots.forest(bars(made), x=titled(table, name))))
    found.append(Part("Costs", table=metrics_table(table, list(COSTS))))
    missing = [*told.refused, *told.failed, *comparison.notes(workspace, experiment)]
    if missing:
        found.append(Part("Missing results", points=missing))
    found += [Part("Circuit", code=drawing) for drawing in _circuits(workspace, experiment)]
    found.append(Part("Method", table=(("Setting", "Value"), _settings(workspace, experiment))))
    found.append(Part("How to read this", points=CAVEATS))
    return found


def explained(metrics: Sequence[str]) -> str:
    """A sentence on what "within" means, after a space, if any of the metrics is so called."""
    return f" {WITHIN}" if any(name.endswith("_within") for name in metrics) else ""


def titled(table: Sequence[Row], name: str) -> str:
    """The title of a metric in this table, which says whether it is over images and texts together."""
    return comparison.metric_title(name, of_pairs=scopes.is_of_pairs(table))


def heading(table: Sequence[Row], name: str) -> str:
    """The title of a metric as short as a column needs it; `WITHIN` says what "within" means."""
    return titled(table, name).replace(f", {SCOPES['within']}", ", within")


def drawn(table: Sequence[Row]) -> list[str]:
    """The main metrics: of images and texts, their means within each."""
    return scopes.preferred(DRAWN, table)


def answer(table: Sequence[Row]) -> list[str]:
    """Up to three sentences: the first quantum head, at its largest dimension, against each of `ROLES`."""
    made = _contrasts(table)
    if not made:
        return [NOTHING]
    dim = max(each.dim for each in made if each.head == made[0].head)
    shown = (made[0].head, made[0].objective, dim)
    own = [each for each in made if (each.head, each.objective, each.dim) == shown]
    sentences = []
    for role, opponent in ROLES.items():
        said = [
            f"{titled(table, each.metric)}: {each.words}"
            + (f" ({grid.title(each.against)})" if role == "best classical" else "")
            for each in own
            if role in each.role.split(", ")
        ]
        if said:
            sentences.append(f"{_named(own[0])} against {opponent}. {'; '.join(said)}.")
    return sentences


def in_words(table: Sequence[Row]) -> list[str]:
    """Each comparison of a quantum head with its twin, PCA and the best classical head, as a sentence."""
    sentences = []
    for each in _contrasts(table):
        against = grid.title(each.against)
        opponent = f"{against} ({each.role})" if against != each.role else against
        sentences.append(f"{titled(table, each.metric)}, {_named(each)} against {opponent}: {each.words}.")
    return sentences or [NOTHING]


def _contrasts(table: Sequence[Row]) -> list[Contrast]:
    """The contrasts of the main metrics, without those of heads that are controls themselves."""
    made = [each for name in drawn(table) for each in comparison.contrasts(table, name)]
    return [each for each in made if grid.parse(each.head)[0] not in CONTROLS]


def _named(each: Contrast) -> str:
    trained = "" if each.objective == NO_OBJECTIVE else f" with {grid.goal(each.objective)}"
    return f"{grid.title(each.head)}{trained} at d′ = {each.dim}"


def metrics_table(table: Sequence[Row], metrics: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Heads × metrics as text; a head that is significantly the best of its dimension stands between `**`."""
    best = {name: set() if name in comparison.COSTS else comparison.best(table, name) for name in metrics}
    cells: dict[Key, dict[str, str]] = {}
    for each in comparison.summaries(table):
        if each.metric in metrics:
            key = (each.head, each.objective, each.dim)
            text = comparison.said(each)
            cells.setdefault(key, {})[each.metric] = f"**{text}**" if key in best[each.metric] else text
    ordered = sorted(cells.items(), key=lambda pair: pair[0][2])
    columns = ["Head", "Objective", "d′", *(heading(table, name) for name in metrics)]
    lines_ = [
        [grid.title(head), grid.goal(objective), str(dim), *(line.get(name, "–") for name in metrics)]
        for (head, objective, dim), line in ordered
    ]
    return columns, lines_


def marked_table(table: Sequence[Row], metrics: Sequence[str]) -> pd.DataFrame:
    """Heads × metrics; a head that is significantly the best of its dimension is marked by ★."""
    columns, lines = metrics_table(table, metrics)
    plain = [[cell[2:-2] + " ★" if cell.startswith("**") else cell for cell in line] for line in lines]
    return pd.DataFrame(plain, columns=columns)


def caption(metrics: Sequence[str]) -> str:
    """What the cells of `marked_table` mean."""
    return (
        "Mean over seeds [95 % interval] on held-out items. ★: better than every other head of its dimension, with "
        f"paired intervals that exclude 0. A single seed has the interval over its items.{explained(metrics)}"
    )


def contrast_table(made: Sequence[Contrast]) -> tuple[list[str], list[list[str]]]:
    """Contrasts with intervals and p values, one row each."""
    columns = [
        "Head",
        "Objective",
        "d′",
        "Against",
        "Difference",
        "95 % (t)",
        "95 % (bootstrap)",
        "p",
        "p (Holm)",
        "In words",
    ]
    return columns, [
        [
            grid.title(each.head), grid.goal(each.objective), str(each.dim),
            f"{grid.title(each.against)} ({each.role})",
            number(each.difference.mean, sign=True),
            f"{number(each.difference.low, sign=True)} to {number(each.difference.high, sign=True)}",
            f"{number(each.difference.boot_low, sign=True)} to {number(each.difference.boot_high, sign=True)}",
            number(each.difference.p), number(each.p_holm), each.words,
        ]
        for each in made
    ]  # fmt: skip


def lines(table: Sequence[Row], metric: str, *, against: str = "dim") -> list[Line]:
    """One line per head and objective: the metric against the dimension or a cost such as parameters_used."""
    every = comparison.summaries(table)
    sizes = {
        (each.head, each.objective, each.dim): float(each.dim) if against == "dim" else each.mean
        for each in every
        if each.metric == (metric if against == "dim" else against)
    }
    grouped: dict[tuple[str, str], list[comparison.Summary]] = {}
    for each in every:
        if each.metric == metric and math.isfinite(each.mean):
            grouped.setdefault((each.head, each.objective), []).append(each)
    several = len({objective for _, objective in grouped if objective != NO_OBJECTIVE}) > 1
    found = []
    for (head, objective), own in grouped.items():
        own = sorted(own, key=lambda each: sizes[each.head, each.objective, each.dim])
        name = grid.title(head)
        found.append(
            Line(
                f"{name}, {grid.goal(objective)}" if several and objective != NO_OBJECTIVE else name,
                [max(1.0, sizes[each.head, each.objective, each.dim]) for each in own],
                [each.mean for each in own], [each.low for each in own], [each.high for each in own],
                reference=grid.parse(head)[0] in REFERENCES,
                ceiling=grid.parse(head)[0] == "identity",
            )
        )  # fmt: skip
    return found


def bars(made: Sequence[Contrast]) -> list[Bar]:
    """The contrasts as bars of a forest plot."""
    return [
        Bar(
            f"{grid.title(each.head)} {each.dim}-d − {each.role}",
            each.difference.mean,
            each.difference.low,
            each.difference.high,
        )
        for each in made
    ]


def _circuits(workspace: Workspace, experiment: Experiment) -> list[str]:
    """The distinct circuit drawings of the experiment's heads."""
    drawn: dict[str, None] = {}
    for cell in grid.cells(workspace, experiment):
        text = circuits.drawing_of(cell.spec.head, cell.spec.configs.head) if cell.spec else ""
        if text:
            drawn[f"{grid.title(cell.head)}, {cell.dim} qubits\n\n{text}"] = None
    return list(drawn)


def _settings(workspace: Workspace, experiment: Experiment) -> list[list[str]]:
    settings = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in experiment.settings.items()
    }
    given = ", ".join(f"{key}={value}" for key, value in settings.items())
    command = (
        f"qlatent compare {experiment.dataset} --heads {','.join(experiment.heads)} "
        f"--objectives {','.join(experiment.objectives)} --dims {','.join(map(str, experiment.dims))} "
        f"--seeds {experiment.seeds}" + "".join(f" --set '{key}={value}'" for key, value in settings.items())
    )
    held = _held_out(workspace, experiment)
    versions = ", ".join(f"{name} {version_of(name)}" for name in PACKAGES)
    return [
        ["Command", command], ["Dataset", f"{experiment.dataset}, version {experiment.dataset_version}"],
        ["Vectors", experiment.encoder], ["Items", held], ["Seeds", f"0 … {experiment.seeds - 1}"],
        ["Settings", given], ["Commit", commit()], ["Versions", f"{versions}, Python {platform.python_version()}"],
    ]  # fmt: skip


def _held_out(workspace: Workspace, experiment: Experiment) -> str:

    for cell in grid.cells(workspace, experiment):
        if cell.run is not None and cell.state == "finished":
            found = listing.metrics(workspace, cell.run.id)
            rows = f"{found['train_pairs']:.0f} for training, {found['heldout_pairs']:.0f} held out"
            if "train_groups" not in found:  # trained before groups were counted
                return rows
            groups = ("train_groups", "heldout_groups", "groups_on_both_sides")
            learned, judged, both = (f"{found[name]:.0f}" for name in groups)
            return f"{rows}; groups: {learned} and {judged}, {both} of them on both sides"
    return "not trained yet"
