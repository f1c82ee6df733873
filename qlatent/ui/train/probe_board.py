"""Shows the linear probe of a run on images, by the honest protocol and by the published one."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from qlatent.plots import comparison
from qlatent.services.runs import queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import ImageTraining
from qlatent.services.training import image_probe, image_views
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count
from qlatent.ui.shell.progress import followed

LOOK = {"displayModeBar": False}
PROTOCOLS = {"honest": "Honest", "published": "As published"}
ABOUT = (
    "Trains a linear layer on augmented images for 100 epochs and reports the best of the 100 test accuracies. This is "
    "biased upwards; use it to compare with published numbers. 25,000 images take half an hour or more on one core. "
    "It continues when you close this tab."
)


def board(run: RunSummary, spec: ImageTraining) -> None:
    """Accuracy over training, the last confusion matrix, and the published probe or a button that starts it."""
    st.markdown("**Linear probe**")
    found = image_views.probes(page.workspace(), run.id)
    if not found:
        wanted = spec.configs.training
        planned = wanted["probe_steps"] or wanted["probes"]
        st.caption(
            "No probe yet. The first one runs during training."
            if run.active and planned
            else "No probe. It needs two labelled classes among both training and held-out images."
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
        f"{count(last['n'], 'held-out image')}; always predicting the most frequent class gives {chance:.1%}. A "
        "linear layer on frozen features, after its last epoch."
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


def _as_published(run: RunSummary, found: dict[str, Any] | None) -> None:
    """The result of the published protocol, or the button that starts it."""
    if found is not None:
        st.caption(
            f"As published: {found['accuracy']:.1%} ({found['low']:.1%}–{found['high']:.1%}), the best of "
            f"{found['looks']} tests on the held-out images (after epoch {found['best_epoch']}), so biased upwards.",
            help=ABOUT,
        )
        return
    workspace = page.workspace()
    taking = image_probe.newest(workspace).get(run.id)
    if taking is not None and taking.state != "finished":
        followed(taking.id, key="probe", polled=taking.active)
        return
    if st.button("Run the published probe", key="probe_start", icon=":material/play_arrow:", help=ABOUT):
        with page.guarded():
            queue.start(workspace, image_probe.spec(workspace, run.id), token=url_state.form_token("probe"))
            url_state.form_used("probe")
            st.rerun(scope="app")
