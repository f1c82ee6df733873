"""The page Compare: heads next to PCA and their classical twins, in experiments and in retrieval evaluations."""

from __future__ import annotations

import streamlit as st

from qlatent.ui.compare import experiment, lesson, maps, probes, retrieval_results, tables
from qlatent.ui.shell import dataset_cache, page, parts, url_state
from qlatent.ui.shell.removed import removed

TABS = {
    "Table": tables.table,
    "Frontier": tables.frontier,
    "Side by side": maps.side_by_side,
    "Probe": probes.probe,
    "Ablation": tables.ablation,
    "Report": tables.report,
}

page.workspace()
parts.title("Compare", "Did the compression keep what mattered, and is the circuit the reason?")
if not dataset_cache.all_datasets():
    parts.empty(
        "No data yet",
        "Import items or precomputed vectors first.",
        icon=":material/photo_library:",
        to="data",
        button="Go to Data",
    )
    st.stop()

if url_state.switch("by", {"experiments": "Experiments", "retrieval": "Retrieval"}) == "retrieval":
    retrieval_results.board()
    lesson.of_retrieval()
    removed("run", "run")
    st.stop()

removed("experiment", "experiment")
found = experiment.pick()
if found is None:
    st.stop()
parts.beyond_builtin(found.encoder, found.dataset)
experiment.progress(found)
use = st.container()
tabs = st.tabs(list(TABS), key="compare_tabs", on_change="rerun")
for tab, (name, draw) in zip(tabs, TABS.items(), strict=True):
    if tab.open:
        with tab:
            draw(found)
        with use:
            lesson.use(found, name)
