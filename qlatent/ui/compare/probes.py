"""Part of the page Compare: what probes read from the latent spaces of an experiment."""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent.plots import comparison as plots
from qlatent.services.experiments.grid import Cell, Experiment
from qlatent.services.runs import listing
from qlatent.ui.compare import spaces
from qlatent.ui.shell import page, url_state


def _first_ones(cells: dict[str, Cell], kept: dict[str, Any]) -> list[str]:
    """The first head, its twin and PCA at the largest dimension of the grid."""
    largest = max(cells[run].dim or 0 for run in kept)
    own = [run for run in kept if cells[run].dim == largest]
    pca = [run for run in own if cells[run].head == "pca"]
    twins = [run for run in own if cells[run].head == "acqua_twin"]
    return list(dict.fromkeys([*own[:1], *twins[:1], *pca[:1]]))


def probe(experiment: Experiment) -> None:
    """Draw probe accuracy over training and confusion matrices at the end."""
    cells = spaces.spaces(experiment)
    if not cells:
        spaces.waiting()
        return
    workspace = page.workspace()
    kept = {run: listing.measured(workspace, run) for run in cells}
    kept = {run: figures for run, figures in kept.items() if figures.get("confusion")}
    if not kept:
        st.info(
            "A probe predicts labels from latents, but these items have fewer than two labels. Import a label column.",
            icon=":material/label:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        which = url_state.switch(
            "probe", {"linear": "Linear probe", "knn": "10 nearest neighbours"}, label="Probe"
        )
        chosen = st.multiselect(
            "Heads", list(kept), default=_first_ones(cells, kept), key="probe_heads", max_selections=8,
            format_func=lambda run: spaces.title(cells[run], seed=True),
        )  # fmt: skip
    curves = {spaces.title(cells[run], seed=True): kept[run]["curve"] for run in chosen if kept[run]["curve"]}
    if curves:
        st.subheader("Linear probe over training", anchor=False)
        st.plotly_chart(
            plots.probe_curves(curves), key="probe_curves", alt="Probe accuracy over training steps"
        )
        st.caption(
            "Logistic regression on the recorded latents of training items, tested on held-out items. Bands: 95 % "
            "intervals over held-out items. No step is chosen by this accuracy. A single point is a closed-form head."
        )
    st.subheader("Confusion at the end", anchor=False)
    columns = st.columns(max(1, min(2, len(chosen))), gap="medium")
    for number, run in enumerate(chosen):
        with columns[number % len(columns)]:
            _confusion(kept[run], which, run, spaces.title(cells[run], seed=True))


def _confusion(results: dict[str, Any], which: str, run: str, title: str) -> None:
    """Draw one head's confusion matrix with its accuracy and that of the largest class."""
    found = results["confusion"][which]
    name = "probe_accuracy" if which == "linear" else "knn_accuracy"
    metric, majority = results["metrics"][name], results["metrics"]["majority_accuracy"]["value"]
    st.markdown(f"**{title}**")
    st.plotly_chart(
        plots.confusion(found["labels"], found["counts"]), key=f"confusion_{which}_{run}",
        alt=f"Confusion matrix of {title}",
    )  # fmt: skip
    st.caption(
        f"Accuracy {metric['value']:.3f} [{metric['low']:.3f}, {metric['high']:.3f}] on {metric['n']:,} "
        f"held-out items; always predicting the largest class gives {majority:.3f}."
    )
