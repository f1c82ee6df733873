"""Component that steps through a circuit drawing gate by gate in the browser, without a rerun."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from qlatent.plots import circuits as plots
from qlatent.services.circuits.circuits import Drawing, GateByGate

HERE = Path(__file__).parent
CHARTS = {name: f"circuit_{name}" for name in ("bloch", "probabilities", "entropies")}
"""Keys of the charts that follow the drawing, by what they show."""

_STEPPER = st.components.v2.component(
    "qlatent_stepper",
    html=(HERE / "stepper.html").read_text(encoding="utf-8"),
    css=(HERE / "stepper.css").read_text(encoding="utf-8"),
    js=(HERE / "stepper.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, eq=False)
class Stepping:
    """Input of the stepper: the drawing, the states gate by gate if shown, and the gate to start at.

    `turn` changes when something other than the component sets the gate, so that the component moves there.
    """

    drawing: Drawing
    states: GateByGate | None
    gate: int
    turn: int


def stepper(stepping: Stepping, *, key: str, on_gate: Callable[[int], None]) -> None:
    """Draw the stepper; `on_gate` receives the gate where the user stopped, 0 for the start state."""
    drawing = stepping.drawing
    data = {
        "view": f"{drawing.id}-{stepping.turn}",
        "svg": drawing.svg,
        "gates": drawing.gates,
        "start": stepping.gate,
        "charts": CHARTS,
        "byGate": None if stepping.states is None else _numbers(stepping.states),
    }

    def moved() -> None:
        gate = st.session_state[key].get("gate")
        if gate is not None:
            on_gate(int(gate))

    _STEPPER(key=key, data=data, default={"gate": stepping.gate}, on_gate_change=moved)


def _numbers(found: GateByGate) -> Mapping[str, Any]:
    """The states as rounded lists; only the basis states that the chart shows."""
    shown = plots.likeliest(found.probabilities)
    everything = shown.shape == found.probabilities.shape
    chosen = np.take_along_axis(found.probabilities, shown, axis=-1)
    return {
        "bloch": np.round(found.bloch, 4).tolist(),
        "entropies": np.round(found.entropies, 4).tolist(),
        "probabilities": np.round(chosen, 5).tolist(),
        "states": None if everything else shown.tolist(),  # which ones, where they differ from step to step
    }
