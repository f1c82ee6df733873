"""Part of the panel of layouts: the form that starts one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from qlatent.services.layouts import reading, requests, timing
from qlatent.services.layouts.requests import METHODS, LayoutRequest
from qlatent.services.runs import frames
from qlatent.ui.layouts.chosen import DISTANCES
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.dataset_cache import all_datasets
from qlatent.ui.shell.formatting import count, duration

MODALITIES = {"image": "Images", "text": "Texts", "vector": "Vectors"}
HELP = {
    "neighbours": "How many nearest neighbours of each point are kept near it. Few show small groups, many the whole.",
    "min_dist": "How closely UMAP packs points that are alike: 0 packs tightly, 1 spreads them (min_dist).",
    "metric": "How distance is measured when looking for neighbours among the vectors.",
    "densmap": "Keep regions dense on the map that are dense in the vectors (densMAP). Takes about twice as long.",
    "seed": "The same seed gives the same map.",
}


@shell.fragment
def form(page: str, view: View) -> None:
    """Draw the settings of a new layout, how long it takes, and the button that starts it."""
    key = f"{page}_layout_new"
    steps = frames.frame_steps(shell.workspace(), view.run) if view.run else []
    methods = [each for each in ("umap", "pca", "aligned") if each != "aligned" or len(steps) > 1]
    method = st.segmented_control(
        "Method",
        methods,
        format_func=METHODS.__getitem__,
        default=methods[0],
        key=f"{key}_method",
        required=True,
    )
    request = LayoutRequest(
        source=view.run or view.dataset, method=str(method), encoder="" if view.run else view.encoder,
        modality=_modality(view, key=key), step=_step(view, steps, str(method), key=key),
        **_settings(view, str(method), key=key),
    )  # fmt: skip
    _time(request, view, len(steps), key=key)
    token = url_state.form_token(key)
    if st.button("Start", type="primary", key=f"{key}_start", icon=":material/play_arrow:"):
        url_state.form_used(key)
        started = requests.start(shell.workspace(), request, token=token)
        st.session_state[f"{page}_layout_started"] = started
        st.rerun(scope="app")


def _modality(view: View, *, key: str) -> str:
    """The one modality that is laid out; where there are two, that of the map stands first."""
    if view.run:
        outline = frames.outline(shell.workspace(), view.run)
        there = [each for each in (outline.views if outline else ()) if each in MODALITIES]
    else:
        dataset = all_datasets().get(view.dataset)
        listed = dataset.encoders if dataset else []
        there = [each["modality"] for each in listed if each["key"] == view.encoder and each["encoded"]]
    if len(there) < 2:
        return there[0] if there else ""
    default = view.modality if view.modality in there else there[0]
    return str(
        st.segmented_control(
            "Layout of", there, format_func=lambda each: MODALITIES.get(each, each), default=default, required=True,
            key=f"{key}_modality",
        )
    )  # fmt: skip


def _step(view: View, steps: list[int], method: str, *, key: str) -> int | None:
    """The step of the frame on the map if it is asked for, else None: the last one."""
    if method == "aligned" or view.layout or not view.frame < len(steps) - 1:
        return None
    shown = steps[view.frame]
    return shown if st.toggle(f"Use the frame shown, step {shown:,}", key=f"{key}_shown") else None


def _settings(view: View, method: str, *, key: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        space = st.segmented_control(
            "Map", (2, 3), format_func={2: "Plane", 3: "Space"}.__getitem__, default=2, required=True,
            key=f"{key}_dimensions",
        )  # fmt: skip
        found["dimensions"] = int(space or 2)
        if method == "pca":
            return found
        found["metric"] = _metric(view, key=key)
    with st.container(horizontal=True):
        found["neighbours"] = st.number_input(
            "Neighbours", 2, 200, 15, key=f"{key}_neighbours", help=HELP["neighbours"], width=120
        )
        found["min_dist"] = st.number_input(
            "Distance between points",
            0.0,
            1.0,
            0.1,
            0.05,
            key=f"{key}_min_dist",
            help=HELP["min_dist"],
            width=190,
        )
        found["seed"] = st.number_input(
            "Seed", 0, 2**31 - 1, 0, key=f"{key}_seed", help=HELP["seed"], width=120
        )
    if method == "umap":
        found["densmap"] = st.toggle("Keep densities", key=f"{key}_densmap", help=HELP["densmap"])
    return found


def _metric(view: View, *, key: str) -> str:
    """The distance; "" is the head's own for latents, cosine for vectors."""
    names = (
        {"": "the head's own", **DISTANCES}
        if view.run
        else {name: DISTANCES[name] for name in ("cosine", "euclidean")}
    )
    return st.selectbox(
        "Distance",
        list(names),
        format_func=names.__getitem__,
        key=f"{key}_metric",
        help=HELP["metric"],
        width=170,
    )


def _time(request: LayoutRequest, view: View, steps: int, *, key: str) -> None:
    """Say how long it takes; the layout of all frames is measured when asked."""
    items = count(len(view.rows), "item")
    if request.method != "aligned":
        seconds = timing.usual_seconds(shell.workspace(), request, points=len(view.rows))
        st.caption(f"About {duration(seconds)} for {items}, in the background.")
        return
    st.caption(
        f"All {steps} frames of {items} are laid out together, so that points with unchanged neighbours stay in "
        "place. This can take long, so measure the time first."
    )
    name = f"{key}_measured"
    asked = replace(request, seed=0)
    if st.button("Measure the time", key=f"{key}_measure", icon=":material/timer:"):
        with st.spinner("Computing a few epochs on a part of the items; this takes about half a minute…"):
            st.session_state[name] = (asked, reading.expected_seconds(shell.workspace(), request))
    measured, seconds = st.session_state.get(name, (None, 0.0))
    if measured == asked:
        st.caption(f"It takes about {duration(seconds)}.")
