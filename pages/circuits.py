"""Circuits: take one apart; its sizes, its states gate by gate, its exports."""

from __future__ import annotations

import streamlit as st

from qlatent.ui import circuit_parts, frame, parts

frame.workspace()
parts.title("Circuits", "Take a circuit apart: what it is made of, and what every gate does to a state.")
side, main = st.columns([1, 3], gap="large")
with side:
    view = circuit_parts.pick()
if view is not None:
    with main:
        circuit_parts.sizes(view)
        circuit_parts.drawing(view)
    stepping, gates, exports = st.tabs(
        ["Step through", "Gates", "Export"], key="circuit_tabs", on_change="rerun"
    )
    if stepping.open:
        with stepping:
            circuit_parts.stepping(view)
    if gates.open:
        with gates:
            circuit_parts.gates(view)
    if exports.open:
        with exports:
            circuit_parts.exports(view)
