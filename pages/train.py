"""The page Train: start a training run and watch it."""

from __future__ import annotations

import streamlit as st

from qlatent.services.runs import listing, queue
from qlatent.ui.shell import dataset_cache, page, parts, url_state
from qlatent.ui.shell.removed import removed
from qlatent.ui.train import run_board
from qlatent.ui.train.form import new_run

workspace = page.workspace()
parts.title(
    "Train",
    "Train a small head on vectors, or a whole network on images, and watch the losses and the latent space.",
)
every = dataset_cache.all_datasets()
queue.go_on(workspace)  # a killed worker cannot start the next run
views = listing.list_runs(workspace, "train")
url_state.refuse_gone("run", [each.id for each in views], what="run")
url_state.refuse_gone("dataset", every, what="dataset")
if not every:
    parts.empty(
        "No data yet",
        "Import items or precomputed vectors first.",
        icon=":material/photo_library:",
        to="data",
        button="Go to Data",
    )
    st.stop()

run_board.follow_link(views)
form, view = st.columns([1, 2.3], gap="large")
with form:
    new_run()
with view:
    if not views:
        parts.empty(
            "No run yet",
            "Choose a dataset and a head on the left and press Start training. The map appears here while the head "
            "learns.",
            icon=":material/model_training:",
        )
    else:
        run_board.board(polled=any(each.active for each in views))
    removed("run", "run")
