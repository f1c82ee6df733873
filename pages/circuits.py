"""Circuits: take one apart; its sizes, its states gate by gate, its exports."""

from __future__ import annotations

import streamlit as st

from qlatent.ui import circuit_controls, circuit_figures, circuit_parts, frame, merge_weights, parts, state

frame.workspace()
parts.title("Circuits", "Take a circuit apart: what it is made of, and what every gate does to a state.")
side, main = st.columns([1, 3], gap="large")
with side:
    view = circuit_parts.pick()
if view is not None:
    with main:
        circuit_parts.sizes(view)
        circuit_parts.drawing(view)
    drawn = {
        "Step through": circuit_parts.stepping,
        "What it can express": circuit_figures.expressing,
        "Noise and shots": circuit_figures.measuring,
        "Gates": circuit_parts.gates,
        "Export": circuit_parts.exports,
    }
    if view.head is not None:
        drawn["What it contributes"] = circuit_controls.contributing
    if state.get("source") == "merge":
        drawn["How many weights"] = merge_weights.counted
    tabs = st.tabs(list(drawn), key="circuit_tabs", on_change="rerun")
    for tab, draw in zip(tabs, drawn.values(), strict=True):
        if tab.open:
            with tab:
                draw(view)
