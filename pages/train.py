"""Train: choose dataset, vectors and head, start a run, and watch it."""

from __future__ import annotations

import streamlit as st

from qlatent.services import runs
from qlatent.ui import frame, parts, run_panel, shelf, state
from qlatent.ui.removed import removed
from qlatent.ui.train_form import new_run

workspace = frame.workspace()
parts.title(
    "Train",
    "Train a small head on vectors, or a whole network on pictures, and watch losses and latent space as it learns.",
)
every = shelf.all_datasets()
runs.go_on(workspace)  # a worker that was killed could not start the next run
views = runs.list_runs(workspace, "train")
state.refuse_gone("run", [each.id for each in views], what="run")
state.refuse_gone("dataset", every, what="dataset")
if not every:
    parts.empty(
        "No data yet",
        "Import items or ready vectors first.",
        icon=":material/photo_library:",
        to="data",
        button="Go to Data",
    )
    st.stop()

run_panel.follow_link(views)
form, view = st.columns([1, 2.3], gap="large")
with form:
    new_run()
with view:
    if not views:
        parts.empty(
            "No run yet",
            "Choose what to train on the left and start; the map appears here while it learns.",
            icon=":material/model_training:",
        )
    else:
        run_panel.board(polled=any(each.active for each in views))
    removed("run", "run")
