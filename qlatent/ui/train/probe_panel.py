"""The linear probe of a run on images, in both protocols: the honest one over training, and the one as published."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from qlatent.plots import comparison
from qlatent.services.runs import queue
from qlatent.services.runs.listing import RunView
from qlatent.services.runs.specs import ImageTraining
from qlatent.services.training import image_probe, image_views
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count
from qlatent.ui.shell.progress import followed

LOOK = {"displayModeBar": False}
PROTOCOLS = {"honest": "Honest", "published": "As published"}
ABOUT = (
    "A linear layer on augmented images for 100 epochs, tested after each; the best of these tests counts, so it is "
    "biased upwards: for comparing with published numbers. 25,000 images take one core half an hour or more; it goes "
    "on when this tab is closed."
)


def board(run: RunView, spec: ImageTraining) -> None:
    """Accuracy over training, the confusion of the last probe, and the published probe or a way to it."""
    st.markdown("**Linear probe**")
    found = image_views.probes(page.workspace(), run.id)
    if not found:
        wanted = spec.configs.training
        planned = wanted["probe_steps"] or wanted["probes"]
        st.caption(
            "No probe yet: the first comes on the way."
            if run.active and planned
            else "No probe: it takes two labelled classes among training and held-out images."
        )
        return
    published = image_views.published_probe(page.workspace(), run.id)
    points = [
        {"step": each["step"], "value": each["accuracy"], "low": each["low"], "high": each["high"]}
        for each in found
    ]
    last = found[-1]
    tabs = st.tabs(["Over training", "Confusion"], key="probe_tabs")
    with tabs[0]:
        st.plotly_chart(
            comparison.probe_curves({"honest": points}, height=230), key="probe_curve", config=LOOK,
            alt="Accuracy of the linear probe over the training steps",
        )  # fmt: skip
    with tabs[1]:
        _confusion(last, published)
    chance = max(np.sum(last["confusion"], axis=1)) / last["n"]
    st.caption(
        f"After step {last['step']:,}: {last['accuracy']:.1%} ({last['low']:.1%}–{last['high']:.1%}) of "
        f"{count(last['n'], 'held-out image')}; always the most frequent class: {chance:.1%}. A linear layer on "
        "features taken once, its last epoch."
    )
    if run.state == "finished":
        _as_published(run, published)


def _confusion(honest: dict[str, Any], published: dict[str, Any] | None) -> None:
    shown = honest
    if published is not None:
        chosen = st.segmented_control(
            "Protocol", list(PROTOCOLS), default="honest", required=True, key="probe_protocol",
            format_func=lambda name: PROTOCOLS[name], label_visibility="collapsed",
        )  # fmt: skip
        shown = published if chosen == "published" else honest
    st.plotly_chart(
        comparison.confusion(shown["classes"], shown["confusion"], height=300), key="probe_confusion", config=LOOK,
        alt="Confusion matrix of the linear probe",
    )  # fmt: skip


def _as_published(run: RunView, found: dict[str, Any] | None) -> None:
    """The other protocol: always beside the honest one."""
    if found is not None:
        st.caption(
            f"As published: {found['accuracy']:.1%} ({found['low']:.1%}–{found['high']:.1%}), the best of "
            f"{found['looks']} looks at the test images (after epoch {found['best_epoch']}), so biased upwards.",
            help=ABOUT,
        )
        return
    workspace = page.workspace()
    taking = image_probe.newest(workspace).get(run.id)
    if taking is not None and taking.state != "finished":
        followed(taking.id, key="probe", polled=taking.active)
        return
    if st.button("Probe as published", key="probe_start", icon=":material/play_arrow:", help=ABOUT):
        with page.guarded():
            queue.start(workspace, image_probe.spec(workspace, run.id), token=url_state.form_token("probe"))
            url_state.form_used("probe")
            st.rerun(scope="app")
