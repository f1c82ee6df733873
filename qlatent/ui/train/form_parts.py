"""What the forms of all kinds of training share: the vectors, the name, the button that starts."""

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
)  # by the data, or asked for once


def pressed(place: Any) -> bool:
    """The button that starts the run."""
    return bool(
        place.button("Start training", type="primary", key="train_start", icon=":material/play_arrow:")
    )


def start(request: TrainingRequest) -> NoReturn:
    """Starts the run and opens it."""
    run = start_training(page.workspace(), request, token=url_state.form_token("train"))
    url_state.form_used("train")
    url_state.put("run", run)
    st.rerun()


def encoder(encoders: list[dict[str, Any]]) -> str:
    keys = list(dict.fromkeys(each["key"] for each in encoders))

    def said(key: str) -> str:
        parts = [f"{each['modality']} {each['dim']}-d" for each in encoders if each["key"] == key]
        return f"{encoder_name(key)} ({', '.join(parts)})"

    return url_state.pick("Vectors", keys, name="encoder", names=said)


def name(key: str) -> str:
    """The field for a name that somebody may give."""
    return (st.text_input("Name", key=key, placeholder="optional", max_chars=80) or "").strip()
