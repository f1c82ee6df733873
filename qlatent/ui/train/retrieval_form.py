"""Draws the form of a training for retrieval."""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent import registry
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.training.kinds.table import KINDS
from qlatent.services.training.request import TrainingRequest
from qlatent.services.uploads import temporary
from qlatent.ui.shell import forms, uploads
from qlatent.ui.train import form_parts

KIND = KINDS["retrieval"]
OFTEN = ("epochs", "learning_rate", "seed", "unfreeze")
ENCODER = ("model", "layers", "encoder_rate", "max_length", "accumulate")
USUAL_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def form(view: DatasetView, place: Any) -> None:
    """The form of a run that trains for retrieval."""
    head = form_parts.head(list(registry.HEADS), key="train_retrieval", first=KIND.usual[0])
    by_judgements, file = _judgements()
    values = forms.form(registry.config_class("head", head), form_parts.FIRST, key="train_retrieval")
    values |= forms.form(KIND.config, OFTEN, key="train_retrieval")
    end_to_end = "unfreeze" in values
    key = None
    if end_to_end:
        values |= forms.form(KIND.config, ENCODER, key="train_retrieval", given={"model": USUAL_MODEL})
    elif view.encoders:
        key = form_parts.encoder(view.encoders)
    called = form_parts.name("train_retrieval_name")
    with st.expander("Options", icon=":material/tune:", key="train_retrieval_options"):
        asked = (*OFTEN, *ENCODER, *form_parts.DECIDED, *form_parts.FIRST)
        values |= form_parts.options(
            view.id, head=head, objective=KIND.usual[1], training=KIND.config, asked=asked, key="train_retrieval"
        )  # fmt: skip
    if not end_to_end and not view.encoders:
        st.info("These items have no vectors yet. Encode them, or train a text model with the head.")
    elif by_judgements and file is None:
        st.info("Upload the judgements to start.", icon=":material/upload_file:")
    elif form_parts.pressed(place):
        with temporary() as folder:
            path = str(uploads.written([file], folder)[0]) if file else ""
            form_parts.start(
                TrainingRequest(view.id, key, head, KIND.usual[1], values, called, KIND.source, path)
            )


def _judgements() -> tuple[bool, Any]:
    """Whether judgements decide what is relevant, and the uploaded file, if any."""
    rule = st.segmented_control(
        "Relevant documents", ["label", "judged"], default="label", required=True, key="train_retrieval_rule",
        format_func=lambda name: {"label": "Same label", "judged": "Judgements"}[name],
    )  # fmt: skip
    if rule != "judged":
        return False, None
    file = st.file_uploader(
        "Judgements", key="train_retrieval_file", type=["tsv", "txt", "csv", "qrels", "jsonl", "gz"],
        help="TREC qrels, or one query, document and gain per line, by id or text of this dataset. Gain 0 marks a "
        "hard negative. Or the triples that the dataset was imported from: query, positive, negative.",
    )  # fmt: skip
    return True, file
