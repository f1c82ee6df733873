"""Draws the form of a training on images."""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from qlatent import registry
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.training.kinds.images import spec as kind_spec
from qlatent.services.training.kinds.table import KINDS
from qlatent.services.training.request import TrainingRequest
from qlatent.ui.shell import forms, group_choice
from qlatent.ui.train.form_parts import DECIDED, name, pressed, start

KIND = KINDS["images"]
OFTEN = ("steps", "batch_size", "learning_rate", "seed")
LEFT_OUT = (*DECIDED, "shared", "view_count", "view_noise", "view_dropout", "probe_steps")


def form(view: DatasetView, place: Any) -> None:
    """The form of a run on images."""
    heads = registry.HEADS
    head = st.selectbox(
        "Head", kind_spec.heads(), key="train_images_head", filter_mode="contains",
        format_func=lambda name: heads[name].label,
    )  # fmt: skip
    st.caption(heads[head].summary)
    values = forms.form(registry.config_class("head", head), ("qubits", "layers"), key="train_images")
    training = KIND.config
    usual = forms.fields(training)["batch_size"]["default"]
    room = max(
        2, 2 ** int(math.log2(max(2, view.rows * 0.4)))
    )  # leaves at least two batches of training images
    given = {"batch_size": room} if room < usual else {}
    values |= forms.form(training, OFTEN, key="train_images", given=given)
    called = name("train_images_name")
    configs = {
        "Head": registry.config_class("head", head),
        "Loss": registry.config_class("objective", kind_spec.OBJECTIVE),
        "Training": training,
    }
    with st.expander("Options", icon=":material/tune:", key="train_images_options"):
        values |= group_choice.column(view.id, key="train_images")
        for tab, config in zip(st.tabs(list(configs)), configs.values(), strict=True):
            with tab:
                left = (*OFTEN, *LEFT_OUT, "qubits", "layers")
                rest = [field for field in forms.fields(config) if field not in left]
                values |= forms.form(config, rest, key="train_images")
    request = TrainingRequest(
        view.id, head=head, objective=kind_spec.OBJECTIVE, settings=values, name=called, source=KIND.source
    )
    if pressed(place):
        start(request)
