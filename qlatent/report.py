"""The report of an experiment: one HTML file that needs nothing else, and the same as Markdown.

Both say how the figures came about (settings, seeds, versions, circuits) and what they cannot show.
"""

from __future__ import annotations

import html
import json
import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from qlatent.plots import comparison as plots
from qlatent.plots.comparison import Bar, Line
from qlatent.services import circuits, comparison, experiments, grid
from qlatent.services.comparison import Contrast, Key, Row
from qlatent.services.grid import NO_OBJECTIVE, Experiment
from qlatent.store.workspace import Workspace

FIRST = ("spearman", "neighbour_overlap", "trustworthiness", "continuity", "stress", "recall_at_10", "probe_accuracy",
         "effective_rank")  # fmt: skip
COSTS = ("parameters_stored", "parameters_used", "bytes_per_item", "train_seconds", "ms_per_1000")
DRAWN = ("spearman", "neighbour_overlap")
PACKAGES = ("qlatent", "torch", "numpy", "scipy", "scikit-learn", "numba")
REFERENCES = ("pca", "identity", "pca_whitened", "random_projection", "truncation")
CONTROLS = ("acqua_frozen", "acqua_separable")  # quantum heads that stand there for another one's sake
CAVEATS = (
    "Seeds vary the weights and the order of batches; the held-out part is one and the same unless split_seed is −1.",
    "Intervals are 95 %: Student's t over seeds where they differ, else a bootstrap over held-out items.",
    "p comes from changing the signs of paired differences over seeds, so n seeds cannot give less than 2/2ⁿ; "
    "p (Holm) is corrected for all contrasts of its metric.",
    "The best classical head is chosen by its mean on the very figures it is compared on.",
    "Circuits are simulated exactly, without noise or shots. Nothing here speaks of speed on a quantum device.",
)
STYLE = """body{font:16px/1.55 system-ui,sans-serif;color:#1c2130;max-width:1080px;margin:2rem auto;padding:0 1rem}
h1,h2{line-height:1.2}table{border-collapse:collapse;font-size:.86rem;margin:.6rem 0}
th,td{text-align:left;padding:.3rem .7rem;border-bottom:1px solid #dfe2ea;white-space:nowrap}
.wide{overflow-x:auto}caption,.said{color:#5a6072;text-align:left}b{color:#3f51c7}
pre{background:#f4f5f9;padding:.8rem;overflow-x:auto;font-size:.8rem;line-height:1.25}"""


@dataclass(frozen=True)
class Part:
    """One section: a heading, a lead, and a table, a figure, a list or code."""

    heading: str
    lead: str = ""
    table: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None
    figure: Any = None
    points: Sequence[str] = ()
    code: str = ""


def write(workspace: Workspace, experiment: Experiment, folder: Path) -> list[Path]:
    """Write report.html and report.md into `folder`; the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    made = parts(workspace, experiment)
    title = f"{experiment.name}: what the compression kept"
    page, text = folder / "report.html", folder / "report.md"
    page.write_text(as_html(title, made), encoding="utf-8")
    text.write_text(as_markdown(title, made), encoding="utf-8")
    return [page, text]


def parts(workspace: Workspace, experiment: Experiment) -> list[Part]:
    """The sections of the report."""
    table = comparison.rows(workspace, experiment)
    told = experiments.progress(workspace, experiment)
    found = [Part("In short", points=in_short(table))]
    metrics = [
        name for name in FIRST if any(row["metric"] == name and row["value"] is not None for row in table)
    ]
    found.append(Part("Figures", "Mean over seeds [95 % interval]. Bold: better than every other head of its "
                      "dimension, with paired intervals that leave 0 out.", figures_table(table, metrics)))  # fmt: skip
    found += [
        Part(
            f"{comparison.metric_title(name)} against dimension",
            "PCA and other references in grey.",
            figure=plots.frontier(lines(table, name), x="latent dimension", y=comparison.metric_title(name)),
        )
        for name in DRAWN
        if name in metrics
    ]
    for name in DRAWN:
        made = comparison.contrasts(table, name)
        if made:
            found.append(Part(f"Differences in {comparison.metric_title(name)}", table=contrast_table(made)))
            found.append(Part("", figure=plots.forest(bars(made), x=comparison.metric_title(name))))
    found.append(Part("What it costs", table=figures_table(table, list(COSTS))))
    missing = [*told.refused, *told.failed, *comparison.notes(workspace, experiment)]
    if missing:
        found.append(Part("What is missing", points=missing))
    found += [Part("Circuit", code=drawing) for drawing in _circuits(workspace, experiment)]
    found.append(Part("How it was made", table=(("What", "Value"), _settings(workspace, experiment))))
    found.append(Part("How to read this", points=CAVEATS))
    return found


def in_short(table: Sequence[Row]) -> list[str]:
    """The main contrasts in plain words."""
    said = []
    for name in DRAWN:
        for each in comparison.contrasts(table, name):
            if grid.parse(each.head)[0] in CONTROLS:
                continue
            against = grid.title(each.against)
            opponent = f"{against} ({each.role})" if against != each.role else against
            trained = "" if each.objective == NO_OBJECTIVE else f" with {grid.goal(each.objective)}"
            said.append(
                f"{comparison.metric_title(name)}, {grid.title(each.head)}{trained} at d′ = {each.dim} "
                f"against {opponent}: {each.words}."
            )
    return said or ["Nothing can be contrasted yet: no quantum head has been measured beside another head."]


def figures_table(table: Sequence[Row], metrics: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Heads × metrics as text; what is best beyond doubt between stars."""
    best = {name: set() if name in comparison.COSTS else comparison.best(table, name) for name in metrics}
    cells: dict[Key, dict[str, str]] = {}
    for each in comparison.summaries(table):
        if each.metric in metrics:
            key = (each.head, each.objective, each.dim)
            text = comparison.said(each)
            cells.setdefault(key, {})[each.metric] = f"**{text}**" if key in best[each.metric] else text
    ordered = sorted(cells.items(), key=lambda pair: pair[0][2])
    columns = ["Head", "Objective", "d′", *(comparison.metric_title(name) for name in metrics)]
    lines_ = [
        [grid.title(head), grid.goal(objective), str(dim), *(line.get(name, "–") for name in metrics)]
        for (head, objective, dim), line in ordered
    ]
    return columns, lines_


def contrast_table(made: Sequence[Contrast]) -> tuple[list[str], list[list[str]]]:
    """Contrasts with intervals and p values."""
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
            _number(each.difference.mean, sign=True),
            f"{_number(each.difference.low, sign=True)} to {_number(each.difference.high, sign=True)}",
            f"{_number(each.difference.boot_low, sign=True)} to {_number(each.difference.boot_high, sign=True)}",
            _number(each.difference.p), _number(each.p_holm), each.words,
        ]
        for each in made
    ]  # fmt: skip


def lines(table: Sequence[Row], metric: str, *, against: str = "dim") -> list[Line]:
    """A line for each head and objective: the metric against the dimension or a cost such as parameters_used."""
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
    """The contrasts for a forest plot."""
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
    """The drawings of the circuits inside, each once."""
    drawn: dict[str, None] = {}
    for cell in grid.cells(workspace, experiment):
        if cell.spec is not None and comparison.family(cell.head) == "quantum":
            text = circuits.drawing_of(cell.spec["head"], cell.spec["configs"]["head"])
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
    versions = ", ".join(f"{name} {_version(name)}" for name in PACKAGES)
    return [
        ["Command", command], ["Dataset", f"{experiment.dataset}, version {experiment.dataset_version}"],
        ["Vectors", experiment.encoder], ["Items", held], ["Seeds", f"0 … {experiment.seeds - 1}"],
        ["Settings", given], ["Versions", f"{versions}, Python {platform.python_version()}"],
    ]  # fmt: skip


def _held_out(workspace: Workspace, experiment: Experiment) -> str:
    from qlatent.services import runs

    for cell in grid.cells(workspace, experiment):
        if cell.run is not None and cell.state == "finished":
            found = runs.metrics(workspace, cell.run.id)
            return f"{found['train_pairs']:.0f} to train on, {found['heldout_pairs']:.0f} held out"
    return "not trained yet"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _number(value: float, *, sign: bool = False) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:+.3f}" if sign else f"{value:.3f}"


# --- two forms of the same --------------------------------------------------------------------------------


def as_markdown(title: str, made: Sequence[Part]) -> str:
    """The parts as Markdown; figures are in the HTML."""
    text = [f"# {title}"]
    for part in made:
        if part.heading:
            text.append(f"## {part.heading}")
        if part.lead and part.figure is None:
            text.append(part.lead)
        if part.table is not None:
            columns, rows = part.table
            cells = [
                [str(cell).replace("|", "\\|") for cell in row]
                for row in [columns, ["---"] * len(columns), *rows]
            ]
            text.append("\n".join("| " + " | ".join(row) + " |" for row in cells))
        if part.points:
            text.append("\n".join(f"- {point}" for point in part.points))
        if part.code:
            text.append(f"```text\n{part.code}\n```")
        if part.figure is not None and part.heading:
            text.append("*(a figure: see report.html)*")
    return "\n\n".join(text) + "\n"


def as_html(title: str, made: Sequence[Part]) -> str:
    """The parts as one HTML file that loads nothing."""
    body = [f"<h1>{html.escape(title)}</h1>"]
    plotly = True  # with the first figure, once
    for part in made:
        if part.heading:
            body.append(f"<h2>{html.escape(part.heading)}</h2>")
        if part.lead:
            body.append(f'<p class="said">{html.escape(part.lead)}</p>')
        if part.table is not None:
            body.append(_html_table(*part.table))
        if part.points:
            body.append("<ul>" + "".join(f"<li>{html.escape(point)}</li>" for point in part.points) + "</ul>")
        if part.code:
            body.append(f"<pre>{html.escape(part.code)}</pre>")
        if part.figure is not None:
            body.append(part.figure.to_html(full_html=False, include_plotlyjs="inline" if plotly else False))
            plotly = False
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        + "\n".join(body)
        + "</body></html>\n"
    )


def _html_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    lines_ = ["".join(f"<td>{_bold(cell)}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines_)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _bold(cell: str) -> str:
    safe = html.escape(str(cell))
    return f"<b>{safe[2:-2]}</b>" if safe.startswith("**") and safe.endswith("**") else safe
