"""Compare: heads beside PCA and their twins, by what experiments measured or by how they rank a corpus."""

from __future__ import annotations

import streamlit as st

from qlatent.ui import (
    compare_maps,
    compare_parts,
    compare_tables,
    frame,
    parts,
    retrieval_parts,
    shelf,
    state,
)
from qlatent.ui.removed import removed

TABS = {
    "Table": compare_tables.table,
    "Frontier": compare_tables.frontier,
    "Side by side": compare_maps.side_by_side,
    "Probe": compare_maps.probe,
    "Ablation": compare_tables.ablation,
    "Report": compare_tables.report,
}

frame.workspace()
parts.title("Compare", "Did the compression keep what mattered, and is the circuit the reason?")
if not shelf.all_datasets():
    parts.empty(
        "No data yet",
        "Import items or ready vectors first.",
        icon=":material/photo_library:",
        to="data",
        button="Go to Data",
    )
    st.stop()

if state.switch("by", {"experiments": "Experiments", "retrieval": "Retrieval"}) == "retrieval":
    retrieval_parts.board()
    removed("run", "run")
    st.stop()

removed("experiment", "experiment")
found = compare_parts.pick()
if found is None:
    st.stop()
parts.beyond_builtin(found.encoder, found.dataset)
compare_parts.progress(found)
tabs = st.tabs(list(TABS), key="compare_tabs", on_change="rerun")
for tab, draw in zip(tabs, TABS.values(), strict=True):
    if tab.open:
        with tab:
            draw(found)
