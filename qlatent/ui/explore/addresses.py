"""The URL of the page Explore: names of its choices, those of earlier versions, and the link to share."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from qlatent.services.views.saved import Named
from qlatent.ui.search import addresses as search
from qlatent.ui.shell import url_state

PAGE = "explore"
VIEW, SHAPE, BASIS, COLOUR = "explore_show", "explore_shape", "explore_basis", "explore_colour"
FRAME, CAMERA, TAB = "explore_frame", "explore_camera", "explore_tab"
HIDDEN, PINNED = "explore_hidden", "explore_pinned"
RANGE, CLASSES = "explore_range", "explore_classes"  # of the colours: from–to, and own colours of classes
ENCODER, LAYOUT, SELECTION = "explore_encoder", "explore_layout", "explore_selection"
NORM, TOUR, LINES = "explore_norm", "explore_tour", "explore_lines"
BESIDE = "explore_beside"
WITH, WITH_ROW = "explore_with", "explore_with_row"  # another dataset on the map, and its open item
READING, CLUSTERS = "explore_reading", "explore_clusters"  # of the panel of layouts
ROW = "row"
EARLIER = {"show": VIEW, "shape": SHAPE, "basis": BASIS, "colour": COLOUR, "frame": FRAME}
"""Names that links of earlier versions have."""
DROPPED = ("part", "amount", "pairs", "fit")
"""What earlier versions chose and the map now shows anyway."""
WORDS = {COLOUR: {"frame": "norm"}}  # earlier values: the norm was coloured in each frame by itself, too
OF_A_MAP = (VIEW, SHAPE, BASIS, NORM, TOUR, FRAME, CAMERA, LAYOUT, READING, CLUSTERS, BESIDE, WITH, WITH_ROW)
"""Choices that another run or other vectors do not share."""
OF_A_DATASET = (SELECTION, ROW, COLOUR, RANGE, CLASSES, "explore_norm_by", HIDDEN, PINNED)
"""Choices that another dataset does not share."""
OF_PANELS = (TAB, "explore_near", "explore_selected", *search.names(PAGE))
"""What is open in the panels beside the map."""
CHOICES = (*OF_A_MAP, *OF_A_DATASET, *OF_PANELS, ENCODER, LINES)
"""All that the page keeps in the URL beside `run` or `dataset`: a view is these and nothing else."""


def renew() -> None:
    """Replace the names of an earlier version in the URL by those of today, so that old links open the same view."""
    for old in DROPPED:
        hide(old)
    for old, new in EARLIER.items():
        if old in st.query_params:
            value = st.query_params[old]
            del st.query_params[old]
            if new not in st.query_params:
                url_state.put(new, WORDS.get(new, {}).get(value, value))


def read() -> None:
    """Take a URL that says what is looked at for complete, so that Back goes back; another keeps what was chosen."""
    renew()
    if {"run", "dataset"} & set(st.query_params):
        url_state.complete(CHOICES)


def view() -> dict[str, str]:
    """What the URL holds of this page: enough to open the same view again."""
    return {name: st.query_params[name] for name in ("run", "dataset", *CHOICES) if name in st.query_params}


def named(query: Mapping[str, str]) -> list[Named]:
    """The runs, datasets and layouts that the URL of a view names."""
    kinds = {"run": "run", "dataset": "dataset", LAYOUT: "layout"}
    beside = [each.partition("-") for each in query.get(BESIDE, "").split(",")]
    found = [(kind, query[name]) for name, kind in kinds.items() if query.get(name)]
    if query.get(WITH):
        found.append(("dataset", query[WITH]))
    return found + [(kind, key) for kind, _, key in beside if kind in ("run", "layout")]


def open_view(query: Mapping[str, str]) -> None:
    """Replace all choices of this page by those of a view."""
    for name in ("run", "dataset", *CHOICES):
        url_state.put(name, query.get(name))


def forget(*names: str) -> None:
    """Remove these choices from the URL and from the session."""
    for name in names:
        url_state.put(name, None)


def hide(name: str) -> None:
    """Remove a choice that other pages share from the URL alone."""
    if name in st.query_params:
        del st.query_params[name]


def shared() -> str:
    """The address that reopens this view."""
    here = (st.context.url or "").split("?")[0]
    return f"{here}?{urlencode(st.query_params.to_dict(), doseq=True)}"
