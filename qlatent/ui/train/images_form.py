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
from qlatent.ui.shell import forms
from qlatent.ui.train import form_parts

KIND = KINDS["images"]
OFTEN = ("steps", "batch_size", "learning_rate", "seed")
FIRST = ("qubits", "dim", "layers")
LEFT_OUT = (*form_parts.DECIDED, "shared", "view_count", "view_noise", "view_dropout", "probe_steps")


def form(view: DatasetView, place: Any) -> None:
    """The form of a run on images."""
    head = form_parts.head(kind_spec.heads(), key="train_images")
    values = forms.form(registry.config_class("head", head), FIRST, key="train_images")
    usual = forms.fields(KIND.config)["batch_size"]["default"]
    room = max(2, 2 ** int(math.log2(max(2, view.rows * 0.4))))  # at least two batches of training images
    given = {"batch_size": room} if room < usual else {}
    values |= forms.form(KIND.config, OFTEN, key="train_images", given=given)
    called = form_parts.name("train_images_name")
    with st.expander("Options", icon=":material/tune:", key="train_images_options"):
        values |= form_parts.options(
            view.id, head=head, objective=kind_spec.OBJECTIVE, training=KIND.config,
            asked=(*OFTEN, *LEFT_OUT, *FIRST), key="train_images",
        )  # fmt: skip
    request = TrainingRequest(
        view.id, head=head, objective=kind_spec.OBJECTIVE, settings=values, name=called, source=KIND.source
    )
    if form_parts.pressed(place):
        form_parts.start(request)
