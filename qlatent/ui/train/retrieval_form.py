"""The form of a training for retrieval."""

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
    """Head, rule and options of a run in which items learn to find their answers."""
    heads, encoders = registry.HEADS, view.encoders
    head = st.selectbox(
        "Head", list(heads), index=list(heads).index(KIND.usual[0]), key="train_answers_head",
        filter_mode="contains", format_func=lambda name: heads[name].label,
    )  # fmt: skip
    st.caption(heads[head].summary)
    judged = st.segmented_control(
        "An answer is", ["label", "judged"], default="label", required=True, key="train_answers_rule",
        format_func=lambda name: {"label": "of the same label", "judged": "in judgements"}[name],
    )  # fmt: skip
    file = None
    if judged == "judged":
        file = st.file_uploader(
            "Judgements", key="train_answers_file", type=["tsv", "txt", "csv", "qrels", "jsonl", "gz"],
            help="TREC qrels, or query, document and gain a line, by the ids or the texts of this dataset; gain 0 is a "
            "hard negative. Or the triples that the dataset was imported from: query, positive, negative.",
        )  # fmt: skip
    training = KIND.config
    values = forms.form(registry.config_class("head", head), FIRST, key="train_answers")
    values |= forms.form(training, OFTEN, key="train_answers")
    trained = "unfreeze" in values
    key = None
    if trained:
        given = {"model": USUAL_MODEL}
        values |= forms.form(training, ENCODER, key="train_answers", given=given)
    elif encoders:
        key = encoder(encoders)
    called = name("train_answers_name")
    configs = {
        "Head": registry.config_class("head", head),
        "Loss": registry.config_class("objective", KIND.usual[1]),
        "Training": training,
    }
    with st.expander("Options", icon=":material/tune:", key="train_answers_options"):
        values |= group_choice.column(view.id, key="train_answers")
        for tab, config in zip(st.tabs(list(configs)), configs.values(), strict=True):
            with tab:
                left = (*OFTEN, *ENCODER, *DECIDED, *FIRST)
                rest = [field for field in forms.fields(config) if field not in left]
                values |= forms.form(config, rest, key="train_answers")
    if not trained and not encoders:
        st.info("These items have no vectors yet; encode them, or train a text model with the head.")
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
