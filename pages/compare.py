"""Compare: heads beside PCA and their twins on the same items, with intervals; tables, maps, ablations, a report."""

from __future__ import annotations

import streamlit as st

from qlatent.ui import compare_maps, compare_parts, compare_tables, frame, parts, shelf

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

found = compare_parts.pick()
if found is None:
    st.stop()
compare_parts.progress(found)
shown = {
    "Table": compare_tables.table,
    "Frontier": compare_tables.frontier,
    "Side by side": compare_maps.side_by_side,
    "Probe": compare_maps.probe,
    "Ablation": compare_tables.ablation,
    "Report": compare_tables.report,
}
tabs = st.tabs(list(shown), key="compare_tabs", on_change="rerun")
for tab, draw in zip(tabs, shown.values(), strict=True):
    if tab.open:
        with tab:
            draw(found)
