"""Parts of the page Circuits: expressibility and other figures of merit, and the effect of noise and shots."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
import pandas as pd
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.plots import circuit_figures as plots
from qlatent.services.circuits import figures_of_merit as service
from qlatent.services.circuits.circuits import CircuitView
from qlatent.services.circuits.figures_of_merit import Drawn, NoiseConfig, OnDevice
from qlatent.ui.shell import forms, parts, url_state

CONFIG = {"displayModeBar": False}
RANDOM = {"all": "Inputs and weights", "weights": "Weights only", "inputs": "Inputs only"}
SHOTS = ("100", "1024", "10000")
NOISES = {"none": "None", "device": "Of a device", "own": "Custom"}


def expressing(view: CircuitView) -> None:
    """Draw the figures of merit, each with an explanation and its source."""
    text = (
        "Weights only: inputs stay at 0, as in published figures, whose circuits have no inputs. "
        "Inputs only: weights keep their values, so the figure describes this circuit and not its layout."
    )
    drawn = cast("Drawn", url_state.switch("random", RANDOM, label="Random angles", help=text))
    with st.spinner("Drawing random states…"):
        first, second = st.columns(2, gap="large")
        with first:
            _expressibility(view, drawn=drawn)
            _weights(view)
        with second:
            _entangling(view, drawn=drawn)
            _fourier(view)
        _plateaus(view)


def _expressibility(view: CircuitView, *, drawn: Drawn) -> None:
    found = service.expressibility(view, drawn=drawn)
    verdict = (
        "no farther from them than chance allows"
        if found.divergence < 2 * found.floor
        else "distinguishable from them"
    )
    st.markdown("**Expressibility**")
    st.metric("Divergence from random states", f"{found.divergence:.3f} nats", border=True)
    st.plotly_chart(plots.fidelities(found.shares), key="figures_fidelities", config=CONFIG)
    st.caption(
        f"Random states fill all {len(found.shares)} bins equally (dashed); this circuit is {verdict}. 0 means random, "
        f"{math.log(len(found.shares)):.2f} a single state; {found.pairs:,} pairs cannot distinguish "
        f"{found.floor:.3f} from 0. Sim et al. 2019, arXiv 1905.10876, in bins of equal probability."
    )
    st.caption(_beside_published(view, found.equal_width, drawn=drawn))


def _beside_published(view: CircuitView, equal_width: float, *, drawn: Drawn) -> str:
    """The figure in the paper's own bins, with the published value for this circuit if there is one."""
    text = f"In bins of equal width, as in the paper: {equal_width:.3f} nats, over random {RANDOM[drawn].lower()}"
    if (printed := service.published_expressibility(view)) is None:
        return f"{text}. No value is published for this circuit."
    same = (
        "."
        if drawn == "weights"
        else ", over random weights without inputs: choose *Weights only* to compare."
    )
    return f"{text}. Published: {printed:g} nats{same}"


def _entangling(view: CircuitView, *, drawn: Drawn) -> None:
    found = service.entangling_capability(view, drawn=drawn)
    st.markdown("**Entangling capability**")
    value = f"{found.value:.3f}"
    st.metric("Mean Meyer–Wallach Q", value, border=True)
    st.caption(
        f"95 % interval {found.low:.3f} to {found.high:.3f} over {found.samples:,} random states of the circuit. "
        f"Product states have Q = 0, random states of {view.circuit.qubits} qubits {found.haar:.3f}. "
        "Meyer and Wallach 2002, arXiv quant-ph/0108104."
    )


def _weights(view: CircuitView) -> None:
    stored = view.circuit.weights
    independent = service.independent_weights(view.circuit)
    dimension = service.effective_dimension(view.circuit)
    st.markdown("**Effective weights**")
    with st.grid(3, min_column_width=120):
        st.metric("Stored", stored, border=True)
        st.metric("Redundant", stored - independent, border=True)
        st.metric(
            "Effective dimension", "–" if dimension is None else f"{100 * dimension[0]:.0f} %", border=True
        )
    why = (
        f"over {dimension[1]} draws of weights, for 1,000 items, of all weights (Abbas et al. 2021, arXiv 2011.00027)"
        if dimension
        else "not computed, because it would take minutes for a circuit of this size or there is no weight"
    )
    st.caption(
        f"The quantum Fisher matrix has rank {independent} of {stored} at random angles: the redundant weights move "
        "the state only in directions that others cover (Haug et al. 2021, arXiv 2102.01659). Effective dimension: "
        f"{why}."
    )


def _fourier(view: CircuitView) -> None:
    st.markdown("**Fourier spectrum**")
    if view.circuit.encoding == "amplitudes" or not view.circuit.inputs:
        st.caption(
            "Amplitude encoding has no angles: ⟨Z⟩ is a quadratic form of the inputs and has no frequencies."
        )
        return
    names = {str(column): f"x{column}" for column in range(view.circuit.inputs)}
    column = url_state.pick("Input", list(names), name="column", names=names.__getitem__, width=120)
    found = service.spectrum(view.circuit, int(column))
    figure = plots.spectrum(found.frequencies, found.power, found.high)
    st.plotly_chart(figure, key="figures_spectrum", config=CONFIG)
    top = float(found.frequencies[found.power > 1e-9].max(initial=0))
    st.caption(
        f"As functions of x{column}, the expectation values contain frequencies up to {top:g}. Bars: means over random "
        "angles; whiskers: 90th percentile. Schuld et al. 2021, arXiv 2008.08605."
    )


def _plateaus(view: CircuitView) -> None:
    st.markdown("**Barren plateaus**")
    layers = url_state.number("layers", 2) or 2
    found = service.plateaus(view, layers=layers)
    if not found:
        return
    for column, (axis, each) in zip(st.columns(2, gap="large"), found.items(), strict=True):
        with column:
            figure = plots.variances(each.sizes, each.values, each.low, each.high, axis=axis)
            st.plotly_chart(figure, key=f"figures_{axis}", config=CONFIG)
    each = found["qubits"]
    st.caption(
        f"Variance of ∂⟨first observable⟩/∂w over {each.samples} random draws; mean and range over weights. "
        f"{_factor(each.sizes, each.values)} A constant factor per qubit is a barren plateau: gradients become too "
        "small to train by. McClean et al. 2018, arXiv 1803.11173."
    )


def _factor(sizes: tuple[int, ...], values: Any) -> str:
    seen = np.array(values) > 1e-12
    if seen.sum() < 2:
        return "No weight influences the first observable."
    slope = np.polyfit(np.array(sizes)[seen], np.log(np.array(values)[seen]), 1)[0]
    return f"Each additional qubit multiplies the variance by {math.exp(slope):.2f} here."


def measuring(view: CircuitView) -> None:
    """Draw repeated measurements of the chosen sample."""
    side, main = st.columns([1, 2.4], gap="large")
    with side:
        shots = int(url_state.switch("shots", {each: f"{int(each):,}" for each in SHOTS}, label="Shots"))
        try:
            noise = _noise(view)
        except QlatentError as err:
            parts.error_card(err)
            return
    with main, st.spinner("Measuring…"):
        found = service.repeated(view, shots=shots, noise=noise)
        names = ["".join(f"{letter}{wire}" for letter, wire in word) for word in view.circuit.observables]
        figure = plots.repeated(found.exact, found.sampled, found.noisy_sampled, names=names, shots=shots)
        st.plotly_chart(figure, key="figures_repeated", config=CONFIG)
        table = {"Observable": names, "Exact": found.exact, "Spread, shots": found.sampled.std(axis=0)}
        if found.noisy is not None and found.noisy_sampled is not None:
            table |= {"With noise": found.noisy, "Spread, noise": found.noisy_sampled.std(axis=0)}
        number = st.column_config.NumberColumn(format="%.4f")
        look = {name: number for name in table if name != "Observable"}
        st.dataframe(pd.DataFrame(table), hide_index=True, key="figures_table", column_config=look)
        st.caption(
            f"Boxes: {service.REPETITIONS} repetitions of {shots:,} shots at the random angles of seed "
            f"{url_state.number('seed', 0) or 0}; diamonds: exact values. Noise shrinks a value, finite shots spread "
            "it."
        )


def _noise(view: CircuitView) -> NoiseConfig | OnDevice | None:
    if view.circuit.qubits > service.MAX_NOISY_QUBITS:
        st.caption(f"Noise is computed for at most {service.MAX_NOISY_QUBITS} qubits.")
        return None
    kind = url_state.switch("noise", NOISES, label="Noise")
    if kind == "own":
        return NoiseConfig(**forms.form(NoiseConfig, list(forms.fields(NoiseConfig)), key="noise"))
    if kind != "device":
        return None
    first = sorted(service.devices(), key=lambda each: (each != "fez", each))
    name = url_state.pick("Device", first, name="device", names=lambda each: f"ibm_{each}")
    with st.spinner("Transpiling for the device…"):
        found = service.on_device(view, name)
    read = ", ".join(map(str, found.qubits))
    st.caption(
        f"What it would run: {found.pair_gates} two-qubit gates in {found.pair_depth} layers after transpiling "
        f"(the circuit has {view.specs.two_qubit_gates}), on its qubits {read}, the line with the smallest errors. "
        f"Gate, relaxation and readout errors (mean {found.readout:.1%}) are those of its calibration of "
        f"{found.calibrated[:10]}. Best case: no crosstalk, no drift, no errors of idle qubits."
    )
    return found
