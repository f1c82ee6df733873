"""Parts of the training forms that all kinds share: vectors, name, and the button that starts the run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import streamlit as st

from qlatent import registry
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.ui.shell import forms, group_choice, page, url_state
from qlatent.ui.shell.formatting import encoder_name
from qlatent.ui.train import pair_choice

FIRST = ("qubits", "dim", "depth")
DECIDED = (
    "input_dim",
    "input_dim_text",
    "modalities",
    "seed",
    pair_choice.FIELD,
    group_choice.FIELD,
)  # decided by the data, or asked for once


def head(names: Sequence[str], *, key: str, first: str = "") -> str:
    """Draw the choice of a head with its summary; `first` is chosen at the start."""
    heads = registry.HEADS
    chosen = st.selectbox(
        "Head", list(names), index=list(names).index(first) if first else 0, key=f"{key}_head", filter_mode="contains",
        format_func=lambda each: heads[each].label,
    )  # fmt: skip
    st.caption(heads[chosen].summary)
    return str(chosen)


def options(
    dataset: str, *, head: str, objective: str, training: type, asked: Sequence[str], key: str
) -> dict[str, Any]:
    """Draw every setting that was not asked for before, one tab each for head, loss and training."""
    configs = {
        "Head": registry.config_class("head", head),
        "Loss": registry.config_class("objective", objective),
        "Training": training,
    }
    values = group_choice.column(dataset, key=key)
    for tab, config in zip(st.tabs(list(configs)), configs.values(), strict=True):
        with tab:
            rest = [field for field in forms.fields(config) if field not in asked]
            values |= forms.form(config, rest, key=key)
    return values


def pressed(place: Any) -> bool:
    """Draw the button that starts the run; true when it was pressed."""
    return bool(
        place.button("Start training", type="primary", key="train_start", icon=":material/play_arrow:")
    )


def start(request: TrainingRequest) -> NoReturn:
    """Start the run and open it."""
    run = start_training(page.workspace(), request, token=url_state.form_token("train"))
    url_state.form_used("train")
    url_state.put("run", run)
    st.rerun()


def encoder(encoders: list[dict[str, Any]]) -> str:
    """Draw the choice of the encoder whose vectors are used, and return its key."""
    keys = list(dict.fromkeys(each["key"] for each in encoders))

    def label(key: str) -> str:
        parts = [f"{each['modality']} {each['dim']}-d" for each in encoders if each["key"] == key]
        return f"{encoder_name(key, keys)} ({', '.join(parts)})"

    return url_state.pick("Vectors", keys, name="encoder", names=label)


def name(key: str) -> str:
    """Draw the field for an optional name and return it."""
    return (st.text_input("Name", key=key, placeholder="optional", max_chars=80) or "").strip()
