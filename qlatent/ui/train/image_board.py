"""Shows a run on images: distances between states, the linear probe, and two views of an image."""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent.plots import image_views
from qlatent.services.datasets import tombstone
from qlatent.services.runs.frames import frame_steps
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import ImageTraining
from qlatent.services.training import image_views as service
from qlatent.ui.shell import page
from qlatent.ui.train import probe_board

LOOK = {"displayModeBar": False}


def board(run: RunSummary, spec: ImageTraining) -> None:
    """The panels that only runs on images have."""
    st.caption("For the metrics above, the input space is the image scaled to 8×8 pixels.")
    left, right = st.columns(2, gap="medium")
    with left:
        _distances(run)
    with right:
        probe_board.board(run, spec)
    _views(run)


def _distances(run: RunSummary) -> None:
    found = service.figures(page.workspace(), run.id)
    if "alignment" not in found:
        st.skeleton(height=300)
        return
    if "hilbert_schmidt_distance" in found:
        st.markdown("**Hilbert–Schmidt distance**")
        st.plotly_chart(
            image_views.hilbert_schmidt(found), key="hilbert_schmidt", config=LOOK,
            alt="Hilbert–Schmidt distance and its three parts over the training steps",
        )  # fmt: skip
        st.caption(
            "Distance between the states of an image's two views (ρ) and those of all other images (σ), from 0 to 2. "
            "It grows when the two views coincide (tr ρ² near 1) and other images move away."
        )
    else:
        st.markdown("**Two views**")
        st.caption("This head has no circuit, so it has no states to compare.")
    with st.grid(2, min_column_width=140):
        for name, text in (
            (
                "alignment",
                "Mean squared distance between an image's two views on the unit sphere; 0 means they coincide.",
            ),
            (
                "uniformity",
                "How evenly all views cover the unit sphere; lower is more even, 0 means all collapse to one point.",
            ),
        ):
            values = found[name]
            st.metric(
                name.capitalize(), f"{values[-1]:.3f}", border=True, help=text, chart_data=values.tolist()
            )


def _views(run: RunSummary) -> None:
    workspace = page.workspace()
    named = service.watched(workspace, run.id)
    steps = frame_steps(workspace, run.id)
    if not named or not steps:
        return
    st.markdown("**Two views of an image**")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        place = st.selectbox(
            "Image", range(len(named)), key="view_image", filter_mode="contains",
            format_func=lambda number: " · ".join(filter(None, named[number])),
        )  # fmt: skip
        step = (
            steps[-1]
            if run.active
            else st.select_slider("After step", steps, value=steps[-1], key="view_step")
        )
    pair = service.pair(workspace, run.id, place=place, frame=steps.index(step))
    pictures, rest = st.columns([1, 3], gap="medium")
    with pictures:
        if pair.pictures is None:
            st.caption(tombstone.SAYS.capitalize())
        for name, picture in zip(
            image_views.NAMES, () if pair.pictures is None else pair.pictures, strict=False
        ):
            st.image(picture, caption=name.capitalize(), width=120)
    with rest:
        _states(pair)


def _states(pair: Any) -> None:
    if pair.states is None:
        st.plotly_chart(
            image_views.latents(pair.latents),
            key="view_latents",
            config=LOOK,
            alt="Representations of both views",
        )
        return
    left, right = st.columns(2, gap="small")
    with left:
        st.plotly_chart(
            image_views.latents(pair.latents),
            key="view_latents",
            config=LOOK,
            alt="Representations of both views",
        )
    with right:
        st.plotly_chart(
            image_views.states(pair.states),
            key="view_states",
            config=LOOK,
            alt="Circuit states of both views",
        )
    st.caption(
        f"Overlap of the two states |⟨a|b⟩|² = {pair.overlap:.3f} after step {pair.step:,}. The chart shows the basis "
        "states that are most likely in either view. The two views stay the same throughout the run."
    )
