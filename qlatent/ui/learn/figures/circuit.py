"""A circuit in a step, gate by gate or as arrows of its qubits, with sliders for the angles that can be moved."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from qlatent.plots import circuits as plots
from qlatent.services.circuits.circuits import GateByGate
from qlatent.services.lessons import figures, stage
from qlatent.services.lessons.figures import CircuitShown
from qlatent.teaching.figures import CircuitFigure
from qlatent.ui.circuits import anatomy
from qlatent.ui.learn.links import Stand, refused
from qlatent.ui.shell import page

HALF_TURN, TURN = 3.14, 6.28  # a slider reaches so far, and farther if a link asks for more
DIGITS = 4  # of an angle in a link


def draw(stand: Stand) -> None:
    """Draw the sliders, then the circuit with the state after the shown gate."""
    shown = _shown(stand)
    figure, last = stand.figure, len(shown.drawing.gates) - 1
    if figure.gate > last:
        raise refused("gate", figure.gate)
    gate = figure.gate if figure.gate >= 0 else last
    _sliders(stand)
    if figure.kind == "bloch":
        _arrows(shown.states, gate, stand.height)
    else:
        anatomy.steps(shown.drawing, shown.states, gate, on_gate=lambda place: stand.change(gate=place))
        anatomy.charts(shown.states, gate)
    if figure.move and figure.run and figure.item:
        still = replace(figure, angles={})
        before = figures.shown(page.workspace(), still)
        assert isinstance(before, CircuitShown)
        anatomy.on_map(shown.view, before.view)


def _shown(stand: Stand) -> CircuitShown:
    """The circuit as it stands; angles that can be moved are written down with their first values."""
    figure: CircuitFigure = stand.figure
    shown = figures.shown(page.workspace(), figure)
    assert isinstance(shown, CircuitShown)
    if missing := [name for name in figure.move if name not in figure.angles]:
        names, values = stage.angle_names(shown.view), np.concatenate([shown.view.inputs, shown.view.weights])
        first = {name: round(float(values[names.index(name)]), DIGITS) for name in missing}
        stand.change(angles=figure.angles | first)
    return shown


def _sliders(stand: Stand) -> None:
    figure = stand.figure
    for name in figure.move:
        value, key = figure.angles[name], f"learn_angle_{name.replace(' ', '_')}"
        reach = HALF_TURN if abs(value) <= HALF_TURN else TURN
        st.session_state[key] = min(max(value, -reach), reach)
        st.slider(
            f"Angle *{name}*, in radians",
            -reach,
            reach,
            step=0.01,
            key=key,
            on_change=partial(_moved, stand, name, key),
        )


def _moved(stand: Stand, name: str, key: str) -> None:
    stand.change(angles=stand.figure.angles | {name: float(st.session_state[key])})


def _arrows(states: GateByGate, gate: int, height: int) -> None:
    """The Bloch vectors of all qubits in one sphere, and their values."""
    figure = plots.bloch(states.bloch[gate], height=height)
    st.plotly_chart(
        figure, key="learn_bloch", config={"displayModeBar": False},
        alt="Arrows of the qubits in the Bloch sphere; the table below has their values",
    )  # fmt: skip
    values = np.round(np.column_stack([states.bloch[gate], states.entropies[gate]]), 3) + 0.0
    table = pd.DataFrame(values, columns=["⟨X⟩", "⟨Y⟩", "⟨Z⟩", "Entropy (bit)"])
    table.insert(0, "Qubit", [f"q{wire}" for wire in range(len(table))])
    st.dataframe(
        table, hide_index=True, key="learn_bloch_values", alt="The arrow of each qubit",
        column_config={name: st.column_config.NumberColumn(format="%.3f") for name in table.columns[1:]},
    )  # fmt: skip
