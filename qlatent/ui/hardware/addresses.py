"""The URL of the page Hardware: names of its choices, and numbers that stand in it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent.ui.hardware import unmet
from qlatent.ui.selections import state
from qlatent.ui.shell import url_state

PAGE = "hardware"
SECTION = "hardware_section"
HEAD, DATASET, MODALITY = "hardware_head", "hardware_dataset", "hardware_modality"
OF, COLLECTION, TAKING = "hardware_of", "hardware_collection", "hardware_taking"
COUNT, DRAW = "hardware_count", "hardware_draw"
SELECTION = state.link_name(PAGE)
KIND, DEVICE = "hardware_kind", "hardware_device"
SHOTS, MITIGATION, LEVEL = "hardware_shots", "hardware_mitigation", "hardware_level"
SEED, RECOMPILED, LIMIT = "hardware_seed", "hardware_recompiled", "hardware_limit"
JOB, OTHER, VIEW, COLOUR, ROW = (
    "hardware_job", "hardware_other", "hardware_view", "hardware_colour", "hardware_row",
)  # fmt: skip
RINGS = "hardware_rings"
POINTS = "hardware_points"
"""The page name under which the selection on a result's map is kept."""


def number(label: str, name: str, default: int, *, least: int = 0, most: int, **look: Any) -> int:
    """A field for an integer that stands in the URL."""
    key = f"number_{name}"
    current = url_state.number(name, default)
    st.session_state[key] = min(max(default if current is None else current, least), most)

    def changed() -> None:
        url_state.put(name, st.session_state[key])

    chosen = int(st.number_input(label, least, most, step=1, key=key, on_change=changed, **look))
    unmet.unknown(label, name, (str(chosen),), f"it must be a whole number from {least:,} to {most:,}")
    return chosen


def toggle(label: str, name: str, *, default: bool = False, **look: Any) -> bool:
    """A toggle that stands in the URL where it is not as by default."""
    key = f"toggle_{name}"
    st.session_state[key] = default if (said := url_state.get(name)) not in ("0", "1") else said == "1"

    def changed() -> None:
        on = st.session_state[key]
        url_state.put(name, None if on == default else int(on))

    chosen = bool(st.toggle(label, key=key, on_change=changed, **look))
    unmet.unknown(label, name, ("0", "1"), "it is 0 or 1")
    return chosen
