"""Circuits gate by gate, or as the arrows of their qubits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from html import escape

import numpy as np
import pandas as pd

from qlatent.errors import InputError
from qlatent.notebooks.display import Html, Part
from qlatent.plots import circuits as plots
from qlatent.services.circuits import circuits, picked_item
from qlatent.services.lessons import figures, stage
from qlatent.services.lessons.figures import CircuitShown
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import frames
from qlatent.services.runs.frames import Drawing
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import CircuitFigure


def circuit(workspace: Workspace, figure: CircuitFigure) -> Iterable[Part]:
    shown = figures.shown(workspace, figure)
    assert isinstance(shown, CircuitShown)
    view, states, last = shown.view, shown.states, len(shown.drawing.gates) - 1
    if figure.gate > last:
        raise InputError(f"There is no gate {figure.gate}.", remedy=f"The last one is {last}.")
    gate = range(last + 1)[figure.gate]
    if figure.kind == "bloch":
        yield plots.bloch(states.bloch[gate])
        yield _arrows(states.bloch[gate], states.entropies[gate])
    else:
        yield Html(circuits.picture(view.circuit, gate))
        yield f"The state after gate {gate} of {last}, {shown.drawing.gates[gate]}. Qubit 0 is the leftmost bit."
        yield plots.state(states.bloch[gate], states.probabilities[gate], states.entropies[gate])
        gates = pd.DataFrame(circuits.gate_rows(view)).to_html(index=False)
        yield Html(f"<details><summary>All {last} gates with their angles</summary>{gates}</details>")
    if figure.move:
        values = dict(zip(stage.angle_names(view), [*view.inputs, *view.weights], strict=True))
        angles = ", ".join(f"*{escape(name)}* = {values[name]:.2f}" for name in figure.move)
        yield f"You can move {angles}, in radians: change `angles` and run the cell again."
    if figure.move and figure.run and figure.item:
        yield from _moved(workspace, figure, shown)


def _arrows(vectors: np.ndarray, entropies: np.ndarray) -> pd.DataFrame:
    values = np.round(np.column_stack([vectors, entropies]), 3) + 0.0
    qubits = pd.Index([f"q{wire}" for wire in range(len(values))], name="Qubit")
    return pd.DataFrame(values, columns=["⟨X⟩", "⟨Y⟩", "⟨Z⟩", "Entropy (bit)"], index=qubits)


def _moved(workspace: Workspace, figure: CircuitFigure, shown: CircuitShown) -> Iterable[Part]:
    """The map of the run, with the place of the item as trained and with the moved angles."""
    still = Stage(workspace, replace(figure, angles={})).circuit()
    found = frames.evolution(workspace, Stage(workspace, figure).run(), Drawing(view=figure.modality))
    place = picked_item.on_map(workspace, shown.view, still, found)
    yield plots.place(
        found.places[figure.modality][-1],
        found.norms[figure.modality][-1],
        trained=place.trained,
        now=place.now,
    )
    yield "The item on the map. Ring: with its trained angles; dot: with those that you have moved."
