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
        picture = st.container()
    drawn = {
        "step": ("Step through", circuit_parts.stepping),
        "express": ("What it can express", circuit_figures.expressing),
        "noise": ("Noise and shots", circuit_figures.measuring),
        "gates": ("Gates", circuit_parts.gates),
        "export": ("Export", circuit_parts.exports),
    }
    if view.head is not None:
        drawn["head"] = ("What it contributes", circuit_controls.contributing)
    if state.get("source") == "merge":
        drawn["merge"] = ("How many weights", merge_weights.counted)
    tabs = state.tabs("tab", {name: label for name, (label, _) in drawn.items()}, key="circuit_tabs")
    if not tabs["step"].open:  # else once its angles are known
        with picture:
            circuit_parts.drawing(view)
    for name, tab in tabs.items():
        if tab.open:
            with tab:
                walked = drawn[name][1](view)
            if name == "step":
                with picture:
                    circuit_parts.drawing(view, walked)
