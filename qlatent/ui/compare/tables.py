"""Part of the page Compare: table, frontier, ablation and report of an experiment."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from qlatent import registry
from qlatent.plots import comparison as plots
from qlatent.report import document
from qlatent.report import experiment as reports
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.experiments import ablation as service
from qlatent.services.experiments import comparison, experiments, grid, scopes
from qlatent.services.experiments.comparison import Row
from qlatent.services.experiments.grid import Experiment
from qlatent.services.heads import kept_heads
from qlatent.ui.compare.experiment import rows
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import literal

METRICS, DIMS = "compare_metrics", "compare_filter"  # keys of what is chosen for the table
SIZES = {"dim": "Latent dimension", "parameters_used": "Parameters used", "bytes_per_item": "Bytes per item"}


def table(experiment: Experiment) -> None:
    """Draw heads × metrics with intervals; the best is marked only if the difference is significant."""
    found = rows(experiment)
    if not found:
        return
    _measure_again(experiment, found)
    have = list(dict.fromkeys(row["metric"] for row in found if row["value"] is not None))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        shown = st.multiselect(
            "Metrics", have, default=first(found), key=METRICS, width="stretch",
            format_func=lambda name: reports.heading(found, name),
        )  # fmt: skip
        dims = sorted({row["dim"] for row in found})
        wanted = st.pills("Latent dimension", dims, selection_mode="multi", default=dims, key=DIMS)
    chosen = [row for row in found if row["dim"] in wanted]
    if not shown or not chosen:
        st.info("Choose a metric and a dimension.", icon=":material/info:")
        return
    heads(chosen, shown, key="compare_table")
    _metric_notes(found, shown)
    _downloads(chosen, shown)


def first(found: Sequence[Row]) -> list[str]:
    """The metrics that are shown at first, of those that were measured."""
    have = {row["metric"] for row in found if row["value"] is not None}
    return [name for name in scopes.preferred(reports.FIRST, found) if name in have]


def heads(found: Sequence[Row], shown: Sequence[str], *, key: str) -> None:
    """Draw heads × the metrics `shown` of these rows, with intervals and what they mean."""
    st.dataframe(
        reports.marked_table(found, shown), hide_index=True, key=key, column_config=_columns(found, shown),
        alt="Heads and their metrics",
    )  # fmt: skip
    st.caption(reports.caption(shown))


def _columns(found: Sequence[Row], shown: Sequence[str]) -> dict[str, Any]:
    """Room for the names of the heads, and what each metric means."""
    text = st.column_config.TextColumn
    means = {reports.heading(found, name): registry.metric_entry(name) for name in shown}
    return {"Head": text(width=185), "d′": text(help="Latent dimension")} | {
        heading: text(help=f"{entry.title}: {entry.summary}") for heading, entry in means.items() if entry
    }


def _measure_again(experiment: Experiment, found: Sequence[Row]) -> None:
    """Offer to add the figures within each modality, where an earlier version measured both together only."""
    workspace = page.workspace()
    if not scopes.lacks_within(found) or experiments.progress(workspace, experiment).active:
        return
    st.info(
        "An earlier version measured some figures of these heads over images and texts together only, where the gap "
        "between the two decides most pairs. Measuring again adds those within images and within texts. Nothing "
        "is trained.",
        icon=":material/straighten:",
    )
    if st.button("Measure again", key="compare_again"):
        experiments.measure(workspace, experiment, again=True)
        st.rerun(scope="app")


def _metric_notes(found: Sequence[Row], shown: Sequence[str]) -> None:
    with st.expander("What the metrics mean", icon=":material/help:"):
        for name in shown:
            entry = registry.metric_entry(name)
            if entry is not None:
                title = literal(reports.titled(found, name), limit=120)
                st.markdown(f"- **{title}**: {literal(entry.summary, limit=300)}")
        if scopes.is_of_pairs(found):
            st.markdown(f"- {reports.CAVEATS[-1]}")


def _downloads(found: Sequence[Row], shown: Sequence[str]) -> None:
    tidy = comparison.frame(found)
    buffer = io.BytesIO()
    tidy.to_parquet(buffer, index=False)
    files = {
        "CSV": ("figures.csv", csv_of(tidy).encode(), "text/csv"),
        "Parquet": ("figures.parquet", buffer.getvalue(), "application/octet-stream"),
        "LaTeX": ("figures.tex", comparison.latex(found, shown).encode(), "text/x-tex"),
    }
    with st.container(horizontal=True):
        for name, (file, content, kind) in files.items():
            st.download_button(
                name, content, file, kind, key=f"compare_{name.lower()}", icon=":material/download:"
            )


def frontier(experiment: Experiment) -> None:
    """Draw a metric against dimension, parameters or bytes."""
    found = rows(experiment)
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = _metric(found)
        size = url_state.switch("size", SIZES, label="Against")
    lines, title = reports.lines(found, metric, against=size), reports.titled(found, metric)
    st.plotly_chart(
        plots.frontier(lines, x=SIZES[size].lower(), y=title), key="compare_frontier",
        alt=f"{title} against {SIZES[size].lower()}",
    )  # fmt: skip
    st.caption(
        "Bands: 95 % intervals. Grey: PCA and other references with a closed form, which are not trained."
    )
    points = [
        {"Head": line.name, SIZES[size]: x, "Mean": mean, "Low": low, "High": high}
        for line in lines
        for x, mean, low, high in zip(line.x, line.mean, line.low, line.high, strict=True)
    ]
    with st.expander("The same as a table", icon=":material/table_rows:"):
        st.dataframe(pd.DataFrame(points), hide_index=True, key="compare_frontier_table")


def _metric(found: Sequence[Row]) -> str:
    """The metric shown on all tabs; the main metrics come first."""
    have = list(dict.fromkeys(row["metric"] for row in found if row["value"] is not None))
    quality = [name for name in have if name not in comparison.COSTS]
    first = [name for name in scopes.preferred(reports.FIRST, found) if name in quality]
    ordered = [*first, *(name for name in quality if name not in first)]
    return url_state.pick("Metric", ordered, name="metric", names=lambda name: reports.titled(found, name))


def ablation(experiment: Experiment) -> None:
    """Draw what circuit, objective and latent distance contribute, each with all else equal."""
    found = rows(experiment)
    if not found:
        return
    dims = [str(dim) for dim in sorted({row["dim"] for row in found if row["head"] != "identity"})]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        metric = _metric(found)
        dim = (
            url_state.switch("dim", {each: each for each in dims}, label="Latent dimension")
            if len(dims) > 1
            else dims[0]
        )
    title = reports.titled(found, metric)
    found = [row for row in found if str(row["dim"]) == dim]
    for heading, lead, made in (
        ("What the circuit contributes", "The head minus the same head without the circuit, seed by seed.",
         service.circuit(found, metric)),
        ("What the objective contributes", "One objective minus another, for the same head, dimension and seed.",
         service.objective(found, metric)),
        ("What the distance contributes", "Another latent distance minus the Euclidean one, on the same latents.",
         [each for each in service.distance(page.workspace(), experiment, metric) if f", {dim}-d" in each.name]),
    ):  # fmt: skip
        st.subheader(heading, anchor=False)
        if not made:
            st.caption(service.MISSING[heading])
            continue
        st.caption(lead)
        bars = [
            plots.Bar(each.name, each.difference.mean, each.difference.low, each.difference.high)
            for each in made
        ]
        st.plotly_chart(
            plots.forest(bars, x=f"difference in {title}"), key=f"ablation_{heading}", alt=heading
        )
        for each in made:
            st.markdown(f"- {literal(each.name, limit=200)}: {each.words}{_p(each.difference.p)}.")
    contrasts = comparison.contrasts(found, metric)
    if contrasts:
        st.subheader("Compared with twin, PCA and the best classical head", anchor=False)
        columns, lines = reports.contrast_table(contrasts)
        listed = pd.DataFrame(lines, columns=columns)
        st.dataframe(listed, hide_index=True, key="compare_contrasts")
        parts.rows_csv(listed, "contrasts.csv", key="compare_contrasts_csv")
        st.caption(" ".join(reports.CAVEATS[2:4]))


def _p(value: float) -> str:
    return f" (p = {value:.3f})" if math.isfinite(value) else ""


def report(experiment: Experiment) -> None:
    """Offer the whole experiment as one report file."""
    if not rows(experiment):
        return
    workspace = page.workspace()
    measured = experiments.progress(workspace, experiment).measured_at
    html, text = _report(str(workspace.path), experiment.id, measured, experiment)
    with st.container(horizontal=True):
        st.download_button(
            "Report (HTML)", html, f"{experiment.id}.html", "text/html", key="report_html", type="primary",
            icon=":material/download:", help="One file with figures, tables, settings, seeds and versions.",
        )  # fmt: skip
        st.download_button(
            "Report (Markdown)",
            text,
            f"{experiment.id}.md",
            "text/markdown",
            key="report_md",
            icon=":material/download:",
        )
    _keep(experiment)
    for line in reports.in_words(rows(experiment)):
        st.markdown(f"- {literal(line, limit=400)}")
    with st.expander("How to read this", icon=":material/help:"):
        for line in reports.CAVEATS:
            st.markdown(f"- {literal(line, limit=400)}")


def _keep(experiment: Experiment) -> None:
    """Let the user keep a head of the experiment, to apply it to new items."""
    workspace = page.workspace()
    done = {
        cell.run.id: f"{cell.run.name}"
        for cell in grid.cells(workspace, experiment)
        if cell.run is not None and cell.state == "finished"
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Keep one of its heads", list(done), key="keep_head", format_func=lambda run: done[run]
        )
        if st.button(
            "Keep",
            key="keep_it",
            icon=":material/bookmark_add:",
            help="The head then appears on the page Heads.",
        ):
            url_state.go("heads", head=kept_heads.keep_run(workspace, chosen))


@st.cache_resource(max_entries=4, show_spinner="Writing the report…")
def _report(workspace: str, experiment_id: str, measured: int, _experiment: Experiment) -> tuple[str, str]:
    made = reports.parts(page.workspace(), _experiment)
    title = f"{_experiment.name}: what the compression kept"
    return document.as_html(title, made), document.as_markdown(title, made)
