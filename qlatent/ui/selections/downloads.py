"""Export a selection or a collection: choose a kind of file, and download it."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from qlatent.services.exports.choice import Choice
from qlatent.services.exports.download import FORMS, Form, download
from qlatent.ui.selections import tables
from qlatent.ui.shell import dataset_cache
from qlatent.ui.shell import page as shell

HELP = "Tables carry the vectors too. The file is made when you click Download."


def downloads(key: str, what: str, dataset: str, *, choice: Choice, file: str) -> None:
    """Draw the choice of a kind of file, and a button; the file is made when it is clicked."""
    offered = {name: form for name, form in FORMS.items() if _possible(form, dataset)}
    name = st.selectbox(
        "Export as", list(offered), key=f"{key}_form", format_func=lambda each: offered[each].title, help=HELP
    )
    form = offered[name]
    chosen = _with_vectors(key, dataset, choice) if form.vectors else choice
    workspace = shell.workspace()
    st.download_button(
        "Download", lambda: download(workspace, what, form=name, choice=chosen), f"{file}{form.suffix}",
        key=f"{key}_download", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _possible(form: Form, dataset: str) -> bool:
    """Whether the dataset has what this kind of file needs."""
    if form.pictures and not tables.filled(dataset, "image_hash").any():
        return False
    return not form.vectors or bool(_encoders(dataset))


def _encoders(dataset: str) -> list[str]:
    found = dataset_cache.all_datasets().get(dataset)
    return list(dict.fromkeys(each["key"] for each in found.encoders if each["encoded"])) if found else []


def _with_vectors(key: str, dataset: str, choice: Choice) -> Choice:
    """The choice with an encoder, asked for where there are several and the map names none."""
    names = _encoders(dataset)
    if choice.encoder in names or len(names) == 1:
        return choice
    return replace(choice, encoder=st.selectbox("Vectors of", names, key=f"{key}_encoder"))
