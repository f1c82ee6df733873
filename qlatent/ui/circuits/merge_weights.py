"""Part of the page Circuits: compares the weight count of merges with that of linear layers of the same size."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from qlatent.plots import circuit_figures as plots
from qlatent.services.circuits import merge_weights as service
from qlatent.services.circuits.circuits import CircuitView
from qlatent.services.circuits.merge_weights import Weights
from qlatent.ui.shell import url_state

NAMES = {
    "stored": "Merges, stored",
    "dense": "Dense linear layer",
    "used": "Merges, used",
    "identifiable": "Merges, identifiable",
    "grouped": "Grouped linear layer",
}
USUAL = (768, 256)  # the paper's


def counted(view: CircuitView) -> None:
    """Draw the weight counts of a projection at one latent dimension and over all dimensions."""
    side, main = st.columns([1, 2.4], gap="large")
    kind: Any = url_state.get("merge", "merge")
    with side:
        inputs = _number("Vector dimension", "width", USUAL[0], 2, service.WIDEST)
        outputs = _number("Latent dimension", "kept", min(USUAL[1], inputs - 1), 1, inputs - 1)
    found, turning = service.weights(inputs, outputs, kind=kind), service.turning(inputs, kind=kind)
    with main:
        st.markdown(f"**{_comparison(inputs, outputs, found)}**")
        dims = service.dimensions(inputs)
        every = [service.weights(inputs, each, kind=kind) for each in dims]
        lines = {name: [getattr(each, key) for each in every] for key, name in NAMES.items()}
        st.plotly_chart(
            plots.weights(dims, lines, turning=turning, chosen=outputs), key="merge_weights",
            config={"displayModeBar": False}, alt="Weights over the latent dimension",
        )  # fmt: skip
        table = pd.DataFrame(
            {"": list(NAMES.values()), "Weights": [f"{getattr(found, key):,}" for key in NAMES]}
        )
        st.dataframe(table, hide_index=True, key="merge_weights_table", width="content")
        st.caption(
            "Stored: all angles. Used: angles that influence the output. Identifiable: angles that data can determine. "
            "Grouped: a linear layer as sparse as the merges, with d + k weights. The bytes of a stored item depend "
            "only on the latent dimension, not on the head. Kankeu et al., arXiv 2501.04591, report 32 × fewer at 768 "
            "→ 256."
        )


def _comparison(inputs: int, outputs: int, found: Weights) -> str:
    """A sentence that compares the weights stored here with those of the linear layers."""
    less, factor = ("fewer", found.ratio) if found.ratio >= 1 else ("more", 1 / found.ratio)
    here = f"{inputs:,} → {outputs:,}: merges store {factor:.1f} × {less} weights than a dense linear layer"
    if found.ratio == 1:
        here = f"{inputs:,} → {outputs:,}: merges store as many weights as a dense linear layer"
    grouped = "more" if found.stored > found.grouped else "fewer"
    return f"{here}, and {grouped} than a grouped one."


def _number(label: str, name: str, default: int, least: int, most: int) -> int:
    """An integer whose value stands in the URL."""
    key = f"weights_{name}"
    st.session_state[key] = min(max(url_state.number(name, default) or default, least), most)

    def changed() -> None:
        url_state.put(name, st.session_state[key])

    return int(st.number_input(label, least, most, key=key, on_change=changed))
