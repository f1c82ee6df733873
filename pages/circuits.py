"""The page Circuits: a circuit's size, its states gate by gate, its figures of merit and its exports."""

from __future__ import annotations

import streamlit as st

from qlatent.ui.circuits import anatomy, controls, figures_of_merit, lesson, merge_weights
from qlatent.ui.shell import page, parts, url_state

page.workspace()
parts.title("Circuits", "Step through a circuit gate by gate, measure what it can express, and export it.")
side, main = st.columns([1, 3], gap="large")
with side:
    view = anatomy.pick()
if view is not None:
    with main:
        anatomy.sizes(view)
        use = st.container()
        drawing = st.container()
    drawn = {
        "step": ("Step through", anatomy.stepping),
        "express": ("What it can express", figures_of_merit.expressing),
        "noise": ("Noise and shots", figures_of_merit.measuring),
        "gates": ("Gates", anatomy.gates),
        "export": ("Export", anatomy.exports),
    }
    if view.head is not None:
        drawn["head"] = ("What it contributes", controls.contributing)
    if url_state.get("source") == "merge":
        drawn["merge"] = ("Weight count", merge_weights.counted)
    tabs = url_state.tabs("tab", {name: label for name, (label, _) in drawn.items()}, key="circuit_tabs")
    if not tabs["step"].open:  # on the tab step, it is drawn once the angles are known
        with drawing:
            anatomy.drawing(view)
    shown, stepped = drawn["step"][0], None
    for name, tab in tabs.items():
        if tab.open:
            shown = drawn[name][0]
            with tab:
                done = drawn[name][1](view)
            if name == "step":
                stepped = done
                with drawing:
                    anatomy.drawing(view, stepped)
    with use:
        lesson.use(view, shown, stepped)
