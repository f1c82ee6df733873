"""How the gradients of a layout shrink with its size, in a step."""

from __future__ import annotations

import streamlit as st

from qlatent.plots import circuit_figures as plots
from qlatent.services.circuits import circuits
from qlatent.services.lessons import figures
from qlatent.services.lessons.gradients import DECADES, GradientVariance, in_words
from qlatent.teaching.figures import GradientsFigure
from qlatent.ui.learn.links import Stand, refused
from qlatent.ui.shell import page

BY = {"qubits": "More qubits", "layers": "More layers"}
WITH = {"dressed": "With CNOTs", "product": "Without CNOTs"}  # other layouts go by their names


def draw(stand: Stand) -> None:
    """Draw the choices, and the variance of the gradient against the size on a logarithmic axis."""
    figure: GradientsFigure = stand.figure
    if figure.layout not in (figure.layouts or circuits.layout_names()):
        raise refused("layout", figure.layout)
    with st.container(horizontal=True, gap="small"):
        if figure.layouts:
            _switch(stand, "layout", "Circuit", {each: WITH.get(each, each) for each in figure.layouts})
        _switch(stand, "by", "Count", BY)
    found = figures.shown(page.workspace(), figure)
    assert isinstance(found, GradientVariance)
    st.plotly_chart(
        plots.variances(found.sizes, found.values, found.low, found.high, axis=figure.by, height=320, decades=DECADES),
        key="learn_gradients", config={"displayModeBar": False}, alt="Variance of the gradient by size",
    )  # fmt: skip
    st.caption(in_words(figure, found))


def _switch(stand: Stand, name: str, label: str, names: dict[str, str]) -> None:
    key = f"learn_gradients_{name}"
    st.session_state[key] = getattr(stand.figure, name)

    def changed() -> None:
        stand.change(**{name: st.session_state[key]})

    st.segmented_control(
        label, list(names), key=key, on_change=changed, required=True, format_func=names.__getitem__,
        label_visibility="collapsed",
    )  # fmt: skip
