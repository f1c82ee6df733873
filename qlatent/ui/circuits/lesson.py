"""Part of the page Circuits: the circuit as a step of a lesson."""

from __future__ import annotations

from functools import partial

from qlatent.errors import InputError
from qlatent.services.circuits.circuits import CircuitView
from qlatent.services.lessons.drafts import drafting
from qlatent.services.lessons.drafts.drafting import Draft
from qlatent.ui.circuits import anatomy
from qlatent.ui.drafts import button
from qlatent.ui.shell import page, url_state

FIGURES: dict[str, drafting.CircuitKind] = {"Gate by gate": "circuit", "Arrows of the qubits": "bloch"}


def use(view: CircuitView, tab: str, stepped: CircuitView | None) -> None:
    """Draw the button that makes a step of the circuit, with the angles that `stepped` has where they are shown."""
    makes = {label: partial(_draft, view, tab, stepped, kind) for label, kind in FIGURES.items()}
    button.button(makes, key="circuits")


def _draft(view: CircuitView, tab: str, stepped: CircuitView | None, kind: drafting.CircuitKind) -> Draft:
    source = url_state.get("source") or next(iter(anatomy.SOURCES))
    if source == "merge":
        raise InputError(
            "Lessons have no figure for the merges of the quantum-inspired projection.",
            remedy="The circuit of a layout or of a trained head can be shown in a lesson.",
        )
    remarks = []
    if stepped is None:
        remarks.append(f"Lessons have no figure for the tab {tab}: the step shows the circuit itself.")
    if view.head is None and view.circuit.encoding == "amplitudes":
        remarks.append("Inputs of this circuit are amplitudes; a step calls them angles.")
    layout = None
    if source == "layout":
        layout = (url_state.get("layout"), anatomy.chosen_size("qubits"), anatomy.chosen_size("layers"))
    row = url_state.number("row") if stepped is not None and view.head is not None else None
    return drafting.of_circuit(
        page.workspace(), stepped or view, kind=kind, gate=anatomy.chosen_gate(), layout=layout, row=row,
        remarks=remarks,
    )  # fmt: skip
