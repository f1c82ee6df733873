"""Draws the form of a training for retrieval."""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent import registry
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.training.kinds.table import KINDS
from qlatent.services.training.request import TrainingRequest
from qlatent.services.uploads import temporary
from qlatent.ui.shell import forms, group_choice, uploads
from qlatent.ui.train.form_parts import DECIDED, FIRST, encoder, name, pressed, start

KIND = KINDS["retrieval"]
OFTEN = ("epochs", "learning_rate", "seed", "unfreeze")
ENCODER = ("model", "layers", "encoder_rate", "max_length", "accumulate")
USUAL_MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def form(view: DatasetView, place: Any) -> None:
    """The form of a run that trains for retrieval."""
    heads, encoders = registry.HEADS, view.encoders
    head = st.selectbox(
        "Head", list(heads), index=list(heads).index(KIND.usual[0]), key="train_retrieval_head",
        filter_mode="contains", format_func=lambda name: heads[name].label,
    )  # fmt: skip
    st.caption(heads[head].summary)
    judged = st.segmented_control(
        "Relevant documents", ["label", "judged"], default="label", required=True, key="train_retrieval_rule",
        format_func=lambda name: {"label": "Same label", "judged": "Judgements"}[name],
    )  # fmt: skip
    file = None
    if judged == "judged":
        file = st.file_uploader(
            "Judgements", key="train_retrieval_file", type=["tsv", "txt", "csv", "qrels", "jsonl", "gz"],
            help="TREC qrels, or one query, document and gain per line, by id or text of this dataset. Gain 0 marks a "
            "hard negative. Or the triples that the dataset was imported from: query, positive, negative.",
        )  # fmt: skip
    training = KIND.config
    values = forms.form(registry.config_class("head", head), FIRST, key="train_retrieval")
    values |= forms.form(training, OFTEN, key="train_retrieval")
    trained = "unfreeze" in values
    key = None
    if trained:
        given = {"model": USUAL_MODEL}
        values |= forms.form(training, ENCODER, key="train_retrieval", given=given)
    elif encoders:
        key = encoder(encoders)
    called = name("train_retrieval_name")
    configs = {
        "Head": registry.config_class("head", head),
        "Loss": registry.config_class("objective", KIND.usual[1]),
        "Training": training,
    }
    with st.expander("Options", icon=":material/tune:", key="train_retrieval_options"):
        values |= group_choice.column(view.id, key="train_retrieval")
        for tab, config in zip(st.tabs(list(configs)), configs.values(), strict=True):
            with tab:
                left = (*OFTEN, *ENCODER, *DECIDED, *FIRST)
                rest = [field for field in forms.fields(config) if field not in left]
                values |= forms.form(config, rest, key="train_retrieval")
    if not trained and not encoders:
        st.info("These items have no vectors yet. Encode them, or train a text model with the head.")
        return
    if judged == "judged" and file is None:
        st.info("Upload the judgements to start.", icon=":material/upload_file:")
        return
    if not pressed(place):
        return
    with temporary() as folder:
        path = str(uploads.written([file], folder)[0]) if file else ""
        objective = KIND.usual[1]
        start(TrainingRequest(view.id, key, head, objective, values, called, KIND.source, path))
