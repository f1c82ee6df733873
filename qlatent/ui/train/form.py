"""Draws the form of a new training run; each kind of training has its own form."""

from __future__ import annotations

import streamlit as st

from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.training.kinds.table import KINDS
from qlatent.ui.shell import dataset_cache, page, url_state
from qlatent.ui.train import images_form, retrieval_form, vectors_form

SOURCES = {"vectors": "Vectors", "images": "Images", "retrieval": "Retrieval"}
FORMS = {"vectors": vectors_form.form, "images": images_form.form, "retrieval": retrieval_form.form}


@page.fragment
def new_run() -> None:
    """The form of a new run, with the button that starts it."""
    every = dataset_cache.all_datasets()
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("New run", anchor=False, width="content")
            start = st.container(width="content")  # at the top, so that it stays visible above a long form
        dataset = url_state.pick("Dataset", list(every), name="dataset", names=lambda each: every[each].name)
        _show_runs_on(dataset)
        view = every[dataset]
        FORMS[_source(view)](view, start)


def _show_runs_on(dataset: str) -> None:
    """After another dataset is picked, show its runs beside the form instead of the previous dataset's."""
    before = st.session_state.get("train_dataset")
    st.session_state["train_dataset"] = dataset
    if before not in (None, dataset):
        st.session_state["train_every_run"] = False
        url_state.put("run", None)
        st.rerun(scope="app")


def _source(view: DatasetView) -> str:
    """The kind of training, out of those that the dataset allows."""
    options = [
        source for source, kind in KINDS.items() if kind.learns_from(view.modalities, stored=view.kind)
    ]
    default = "images" if "images" in options and not view.encoders else "vectors"
    chosen = st.segmented_control(
        "Train on", options, default=default, required=True,
        key="train_source", format_func=lambda name: SOURCES[name],
        help="Vectors: trains the head on stored vectors. Images: trains a ResNet-18 from scratch under the head, on "
        "two augmented views of each image. Retrieval: trains queries to find items of their label, or judged "
        "documents.",
    )  # fmt: skip
    return chosen or options[0]
