"""Parts of the training forms that all kinds share: vectors, name, and the button that starts the run."""

from __future__ import annotations

from typing import Any, NoReturn

import streamlit as st

from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import start_training
from qlatent.ui.shell import group_choice, page, url_state
from qlatent.ui.shell.formatting import encoder_name
from qlatent.ui.train import pair_choice

FIRST = ("qubits", "depth")
DECIDED = (
    "input_dim",
    "input_dim_text",
    "modalities",
    "seed",
    pair_choice.FIELD,
    group_choice.FIELD,
)  # decided by the data, or asked for once


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
        return f"{encoder_name(key)} ({', '.join(parts)})"

    return url_state.pick("Vectors", keys, name="encoder", names=label)


def name(key: str) -> str:
    """Draw the field for an optional name and return it."""
    return (st.text_input("Name", key=key, placeholder="optional", max_chars=80) or "").strip()
