"""Draws the choice of what forms a pair of views for NT-Xent on vectors."""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent import registry
from qlatent.errors import InputError
from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.vectors import augmented
from qlatent.ui.shell import forms, page, url_state
from qlatent.ui.shell.formatting import literal, size

FIELD = "views"
NAMES = {
    "auto": "Image and text if both exist, else noise",
    "pairs": "Image and text of an item",
    "noise": "Noise and dropout on the vector",
    "augmented": "Augmented views of the image, encoded",
}
FLOAT = 4  # bytes


def pairs(objective: str, dataset: DatasetView, key: str) -> dict[str, Any]:
    """Draw the choice if the loss has one; return the setting unless it is the default."""
    part = forms.fields(registry.config_class("objective", objective)).get(FIELD)
    if part is None:
        return {}
    chosen = st.selectbox(
        "Pairs",
        part["enum"],
        key="train_views",
        help=part["description"],
        format_func=lambda each: NAMES[each],
    )
    if chosen == augmented.KIND:
        _augmented(dataset, key)
    return {} if chosen == part["default"] else {FIELD: chosen}


def _augmented(dataset: DatasetView, key: str) -> None:
    """The number of encoded views, or why there are none and how to encode them."""
    workspace = page.workspace()
    try:
        count = augmented.count_of(workspace, dataset.id, key, 0)
    except InputError as err:
        st.info(literal(f"{err.message} {err.remedy}", limit=600), icon=":material/info:")
        if "image" in dataset.modalities and st.button(
            "Encode views", key="train_encode_views", icon=":material/arrow_forward:"
        ):
            url_state.go("data", dataset=dataset.id)
        return
    there = next(each for each in augmented.coverage(workspace, dataset.id) if each.key == key)
    width = next(
        each["dim"] for each in dataset.encoders if (each["key"], each["modality"]) == (key, "image")
    )
    memory = size(FLOAT * count * there.images * width)
    st.caption(
        f"{count} views of each of {there.images:,} images; training needs {memory} of memory. Only the image head is "
        "trained."
    )
