"""Draws the form of a training on stored vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from qlatent import registry
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.training.kinds.table import KINDS
from qlatent.services.training.request import TrainingRequest
from qlatent.ui.shell import forms, url_state
from qlatent.ui.shell.formatting import count, literal
from qlatent.ui.train import form_parts, pair_choice

KIND = KINDS["vectors"]
OFTEN = ("epochs", "learning_rate", "seed")
SEEN = "train_options_seen"


def form(view: DatasetView, place: Any) -> None:
    """The form of a run on stored vectors."""
    dataset, encoders = view.id, view.encoders
    if view.lost:
        st.error(
            literal(view.lost, limit=600), title="The items of this dataset are lost", icon=":material/error:"
        )
        return
    if not encoders:
        st.info("These items have no vectors yet.", icon=":material/info:")
        if st.button("Encode them", type="primary", key="train_encode", icon=":material/arrow_forward:"):
            url_state.go("data", dataset=dataset)
        return
    key = form_parts.encoder(encoders)
    chosen = _often(view, key)
    request = _request(dataset, key, [each["modality"] for each in encoders if each["key"] == key], chosen)
    if form_parts.pressed(place):
        form_parts.start(request)


@dataclass(frozen=True)
class _Chosen:
    """The choices that stand above the options."""

    head: str
    objective: str
    values: dict[str, Any]
    name: str


def _often(view: DatasetView, key: str) -> _Chosen:
    head = form_parts.head(list(registry.HEADS), key="train")
    objective = _objective()
    values = pair_choice.pairs(objective, view, key)
    values |= forms.form(registry.config_class("head", head), form_parts.FIRST, key="train")
    values |= forms.form(KIND.config, OFTEN, key="train")
    return _Chosen(head, objective, values, form_parts.name("train_name"))


def _request(dataset: str, key: str, modalities: list[str], chosen: _Chosen) -> TrainingRequest:
    """Draw the options and return the whole request."""
    values = dict(chosen.values)
    options = st.expander("Options", icon=":material/tune:", key="train_options", on_change="rerun")
    if options.open or st.session_state.get(
        SEEN
    ):  # once drawn, keep drawing them: Streamlit forgets the value of a widget that is not drawn
        st.session_state[SEEN] = True
        with options:
            values |= _modalities(modalities)
            values |= form_parts.options(
                dataset, head=chosen.head, objective=chosen.objective, training=KIND.config,
                asked=(*form_parts.FIRST, *OFTEN, *form_parts.DECIDED), key="train",
            )  # fmt: skip
    return TrainingRequest(dataset, key, chosen.head, chosen.objective, values, chosen.name)


def _objective() -> str:
    objectives = registry.OBJECTIVES
    if len(objectives) == 1:
        return next(iter(objectives))
    return st.selectbox(
        "Loss", list(objectives), key="train_objective", format_func=lambda each: objectives[each].label
    )


def _modalities(have: list[str]) -> dict[str, Any]:
    """The setting `modalities`; empty if the vectors have one modality or all are chosen."""
    if len(have) == 1:
        return {}
    chosen = st.pills(
        "Modalities",
        have,
        selection_mode="multi",
        default=have,
        key="train_modalities",
        help=f"One head per modality. The vectors have {count(len(have), 'modality', 'modalities')}.",
    )
    return {"modalities": tuple(chosen)} if chosen and list(chosen) != have else {}
