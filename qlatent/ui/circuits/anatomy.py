"""Parts of the page Circuits: the choice of a circuit, its size, its states gate by gate, its gates, its exports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from qlatent import spacing
from qlatent.errors import CircuitError, UnavailableError
from qlatent.plots import circuits as plots
from qlatent.services.circuits import circuits, figures_of_merit, picked_item
from qlatent.services.circuits.circuits import CircuitView, Drawing, GateByGate
from qlatent.services.runs import frames, listing
from qlatent.ui.circuits.stepper import CHARTS, Stepping, stepper
from qlatent.ui.latent_map import maps
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import cut

SOURCES = {"layout": "A layout", "head": "A trained head", "merge": "A merge"}
MERGES = {"merge": "Controlled gate (QBEC)", "merge_cnot": "CNOT"}
RANDOM = "random"
FIRST = 1  # the gate after which the state is shown by default
EXPORTS = {"qasm3": "OpenQASM 3", "qpy": "Qiskit QPY", "pennylane": "PennyLane code", "json": "JSON"}
TITLES = {
    "dressed": "Dressed (Mari, CLIP-ACQUA)",
    "qssl_ring": "QSSL ring",
    "qssl_all_to_all": "QSSL all-to-all",
    "sim_13": "Sim et al. 13",
    "sim_14": "Sim et al. 14",
    "sim_15": "Sim et al. 15",
    "sim_19": "Sim et al. 19",
    "basic_entangler": "Basic entangler layers",
    "strongly_entangling": "Strongly entangling layers",
    "reuploading": "Data re-uploading",
    "product": "Product state (no entangler)",
    "amplitude": "Amplitude encoding",
}


def pick() -> CircuitView | None:
    """The circuit chosen by URL and pickers; None if no head with a circuit exists."""
    source = url_state.switch("source", SOURCES, label="Circuit of")
    return {"layout": _layout, "head": _head, "merge": _merge}[source]()


def _layout() -> CircuitView:
    about = circuits.layout_names()
    name = url_state.pick("Layout", list(about), name="layout", names=lambda each: TITLES.get(each, each))
    qubits = _size("Qubits", "qubits", 4, circuits.MAX_QUBITS)
    layers = _size("Layers", "layers", 2, 8)
    st.caption(about[name])
    return circuits.of_layout(name, qubits=qubits, layers=layers, seed=url_state.number("seed", 0) or 0)


def _merge() -> CircuitView:
    """One of the two-qubit merges of the quantum-inspired projection."""
    kind: Any = url_state.pick("Merge by", list(MERGES), name="merge", names=MERGES.__getitem__)
    inputs = _size("Inputs", "inputs", 4, circuits.LARGEST_MERGE, least=2)
    outputs = _size("Outputs", "outputs", 1, inputs - 1)
    merges = circuits.of_merges(kind, inputs=inputs, outputs=outputs, seed=url_state.number("seed", 0) or 0)
    number = _size("Merge number", "number", 1, len(merges))
    chosen = merges[number - 1]
    st.caption(
        f"Input {chosen.control} (control, wire 0) merges into input {chosen.target} (target, wire 1), which is left "
        f"with ⟨Z⟩ = {chosen.z:+.3f}. {inputs} inputs take {len(merges)} two-qubit circuits, run one after another. "
        "Between them the control is dropped, ⟨Z⟩ of the target is estimated over many runs, and a pure real state "
        "with that ⟨Z⟩ is prepared. This is not a mid-circuit measurement, and no single circuit acts on all inputs."
    )
    st.caption("Order: " + ", ".join(f"{each.control} → {each.target}" for each in merges) + ".")
    return chosen.circuit


def _size(label: str, name: str, default: int, most: int, *, least: int = 1) -> int:
    """An integer from `least` to `most`, chosen with a slider; no slider if only one value is possible."""
    if most <= least:
        return least
    key = f"size_{name}"
    st.session_state[key] = min(max(url_state.number(name, default) or default, least), most)

    def changed() -> None:
        url_state.put(name, st.session_state[key])

    return int(st.slider(label, least, most, key=key, on_change=changed))


def _head() -> CircuitView | None:
    workspace = page.workspace()
    views = {head.id: head for head in circuits.heads_with_circuits(workspace)}
    url_state.refuse_gone("head", views, what="head with a circuit")
    if not views:
        parts.empty(
            "No head with a circuit yet",
            "Train CLIP-ACQUA or QSSL. Its circuit then opens here with the trained weights.",
            icon=":material/deployed_code:",
            to="train",
            button="Train a head",
        )
        return None
    chosen = url_state.pick("Head", list(views), name="head", names=lambda each: views[each].name[:60])
    modalities = list(views[chosen].config["modalities"])
    modality = url_state.pick("Modality", modalities, name="modality", names=str.capitalize)
    return circuits.of_head(workspace, chosen, modality=modality, seed=url_state.number("seed", 0) or 0)


def sizes(view: CircuitView) -> None:
    """The size of the circuit in metrics."""
    found = view.specs
    independent = figures_of_merit.quick_independent_weights(view.circuit)
    figures = {
        "Qubits": (found.qubits, "Number of qubits (wires)."),
        "Depth": (found.depth, "Number of layers if every gate starts as soon as its wires are free."),
        "Gates": (found.operations, ", ".join(f"{count} {gate}" for gate, count in found.gates.items())),
        "Two-qubit gates": (found.two_qubit_gates, "The gates with the largest errors on devices."),
        "Weights": (found.weights, "Number of stored trainable angles."),
        "Used": (
            found.weights_used,
            "Weights in the causal past of a measured wire. The others change nothing.",
        ),
        "Redundant": (
            "–" if independent is None else found.weights - independent,
            "Weights minus the rank of the quantum Fisher matrix: they move the state only in directions that others "
            "cover. For large circuits, see the tab What it can express.",
        ),
    }
    with st.container(horizontal=True, gap="large"):
        for label, (value, about) in figures.items():
            st.metric(label, value, help=about, width="content")


def drawing(view: CircuitView, stepped: CircuitView | None = None) -> None:
    """Draw the circuit to step through, wire 0 on top, with the states of `stepped`, whose angles may differ."""
    drawn = circuits.drawn(view.circuit)
    gate = min(max(_gate(drawn.id), 0), len(drawn.gates) - 1)
    states = None if stepped is None else circuits.states_gate_by_gate(stepped)
    steps(drawn, states, gate, on_gate=lambda place: url_state.put("gate", place))


def steps(drawn: Drawing, states: GateByGate | None, gate: int, *, on_gate: Callable[[int], None]) -> None:
    """Draw the circuit at a gate; `on_gate` receives the one at which the user stopped."""
    shown = (drawn.id, gate)
    if st.session_state.get("gate_shown") != shown:  # a link or another circuit sets the gate
        st.session_state["gate_shown"] = shown
        st.session_state["gate_turn"] = st.session_state.get("gate_turn", 0) + 1

    def moved(place: int) -> None:
        st.session_state["gate_shown"] = (drawn.id, place)
        on_gate(place)

    stepper(
        Stepping(drawn, states, gate, st.session_state["gate_turn"]), key="circuit_stepper", on_gate=moved
    )


def chosen_gate() -> int:
    """The gate in the URL, after which the state is shown."""
    place = url_state.number("gate", FIRST)
    return FIRST if place is None else max(place, 0)


def chosen_size(name: str) -> int:
    """What the slider of a layout's "qubits" or "layers" says."""
    return int(st.session_state[f"size_{name}"])


def _gate(circuit: str) -> int:
    """The gate in the URL; the first gate if another circuit was chosen since."""
    if st.session_state.setdefault("gate_circuit", circuit) != circuit:
        st.session_state["gate_circuit"] = circuit
        url_state.put("gate", None)
    return chosen_gate()


def stepping(view: CircuitView) -> CircuitView | None:
    """Draw the states gate by gate beside a table of angles to edit; returns the edited view, None without states."""
    side, main = st.columns([1, 2.4], gap="large")
    with side:
        trained, row = _of_item(view)
        view = _angles(trained, row)
    with main:
        if row is not None:
            on_map(view, trained)
        try:
            charts(circuits.states_gate_by_gate(view), FIRST)
        except CircuitError as err:
            parts.error_card(err)
            return None
    return view


def _of_item(view: CircuitView) -> tuple[CircuitView, int | None]:
    """The view with the angles of the chosen item, and its row; random angles and None without an item."""
    workspace = page.workspace()
    texts = picked_item.offered(workspace, view, also=url_state.number("row"))
    if not texts:
        return view, None
    names = {RANDOM: "Random angles"} | {
        str(row): f"{row} · {cut(text, limit=60)}" for row, text in texts.items()
    }
    if url_state.get("row") not in names:
        url_state.put("row", next(iter(texts)))
    row = url_state.pick("Item", list(names), name="row", names=names.__getitem__)
    if row == RANDOM:
        return view, None
    with st.spinner("Loading the head…"):
        return picked_item.with_item(workspace, view, int(row)), int(row)


def on_map(view: CircuitView, trained: CircuitView) -> None:
    """Draw the item's point on the run's last map; it moves with the edited angles."""
    workspace = page.workspace()
    assert view.head is not None and view.head.run_id is not None  # it has an item
    found, _ = maps.read(listing.summary(workspace, view.head.run_id), frames.Drawing(view=view.modality))
    if found is None:
        return
    place = picked_item.on_map(workspace, view, trained, found)
    at = spacing.evenly(len(found.rows), maps.HOME_POINTS)
    figure = plots.place(
        found.places[view.modality][-1, at],
        found.norms[view.modality][-1, at],
        trained=place.trained,
        now=place.now,
    )
    st.markdown("**The item on the map**")
    st.plotly_chart(figure, key="circuit_place", config={"displayModeBar": False}, alt=maps.ALT)
    st.caption(
        f"{view.modality.capitalize()}s of the run's last frame, coloured by norm. Ring: the item with trained "
        "angles; dot: with the angles as they are now. Change an angle and the dot moves."
    )


def _angles(view: CircuitView, row: int | None) -> CircuitView:
    names = [f"x{k}" for k in range(len(view.inputs))] + [f"w{k}" for k in range(len(view.weights))]
    table = pd.DataFrame({"Angle": names, "Value": np.concatenate([view.inputs, view.weights])})
    turn = st.session_state.setdefault("angles_turn", 0)
    seed = url_state.number("seed", 0) or 0
    edited = st.data_editor(
        table,
        key=f"angles_{view.circuit.name}_{view.modality}_{row}_{seed}_{turn}",
        hide_index=True,
        disabled=["Angle"],
        height=420,
        column_config={
            "Value": st.column_config.NumberColumn(
                "Amplitude or radians" if view.circuit.encoding == "amplitudes" else "Radians",
                format="%.3f",
                required=True,
                help="x: input of the sample; w: weight. Edit a value to see the state change.",
            )
        },
    )
    with st.container(horizontal=True):
        if st.button("Reset", key="angles_reset", icon=":material/undo:", help="Undo all edits."):
            st.session_state["angles_turn"] = turn + 1
            st.rerun()
        if row is None and st.button(
            "New angles",
            key="angles_draw",
            icon=":material/casino:",
            help="Draw random angles with another seed.",
        ):
            url_state.put("seed", seed + 1)
            st.rerun()
    return circuits.with_angles(view, edited["Value"].to_numpy(dtype=float))


def charts(found: GateByGate, gate: int) -> None:
    """Draw the state after a gate; the browser updates the charts from there without a rerun."""
    first = min(gate, len(found.bloch) - 1)
    sphere, bars = st.columns([1, 1.1], gap="medium")
    config = {"displayModeBar": False}
    with sphere:
        st.markdown("**Bloch vector of each wire**")
        st.plotly_chart(plots.bloch(found.bloch[first]), key=CHARTS["bloch"], config=config)
    with bars:
        st.markdown("**Outcome probabilities**")
        figure = plots.probabilities(found.probabilities[first])
        st.plotly_chart(figure, key=CHARTS["probabilities"], config=config)
        st.markdown("**Entanglement of each wire with the others**")
        st.plotly_chart(plots.entropies(found.entropies[first]), key=CHARTS["entropies"], config=config)
    st.caption("State after the marked gate. Wire 0 is the leftmost bit of a basis state.")


def gates(view: CircuitView) -> None:
    """Draw the gates as a table."""
    table = pd.DataFrame(circuits.gate_rows(view))
    st.dataframe(table, key="circuit_gates", height=460)
    parts.rows_csv(table, f"{view.circuit.name}.csv", key="circuit_gates_csv")


def exports(view: CircuitView) -> None:
    """Offer the circuit as files; inputs and weights stay symbolic as x0, x1, … and w0, w1, …"""
    format = url_state.switch("format", EXPORTS, label="Format")
    try:
        with st.spinner("Writing the circuit…"):
            content = circuits.exported(view, format)
    except UnavailableError as err:
        parts.error_card(err)
        return
    name, kind = circuits.FORMATS[format]
    st.download_button(
        f"Download {name}",
        content,
        name,
        kind,
        key="export_download",
        icon=":material/download:",
        type="primary",
    )
    if format != "qpy":
        language = {"pennylane": "python", "json": "json"}.get(format)
        st.code(content.decode()[:20_000], language=language, height=360)
