"""What is read from a map to colour its points by: the cluster, the trust in each, and how far apart it lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from qlatent.services.scenes.scenes import Scene
from qlatent.ui.latent_map.point_map import Classes, Ramp, classes, ramp
from qlatent.ui.layouts import addresses, kept
from qlatent.ui.layouts.kept import Frame

LABELS = {
    "layout:cluster": (
        "Cluster",
        "Dense regions of the map (HDBSCAN). Points without a colour are in no cluster.",
    ),
    "layout:trust": (
        "Neighbours true",
        "Share of a point's 10 nearest on the map that are among its 10 nearest vectors. Where it is "
        "low, do not trust the map.",
    ),
    "layout:outlier": (
        "Outlier factor",
        "Local outlier factor of each vector or latent: about 1 for a point among others like it, larger for one that "
        "lies apart.",
    ),
}
OUTSIDE = "in no cluster"
TOP = 20  # clusters with colours of their own
Span = tuple[float, float]
FEWEST = 3  # points: of two there is nothing to read


def offered(scene: Scene) -> tuple[str, ...]:
    """Which of them a scene has."""
    return tuple(LABELS) if scene.items >= FEWEST else ()


def colours(page: str, shown: Frame, key: str, *, span: Span | None = None) -> Ramp | Classes:
    """The colours of the points of a frame by one of them, numbers over `span`."""
    asked = addresses.clusters(page) or (0, False)
    return _colours(shown.name, shown.frame, (key, span), asked, shown)


@st.cache_resource(max_entries=16, show_spinner=False)
def _colours(
    name: str, frame: int, by: tuple[str, Span | None], asked: tuple[int, bool], _shown: Frame
) -> Ramp | Classes:
    key, span = by
    label, text = LABELS[key]
    if key == "layout:cluster":
        found = kept.clusters(_shown, *asked)
        names = np.array([*found.names, ""])
        coloured = classes(names[found.clusters.numbers].tolist(), label=label, top=TOP, help=text)
        said = [OUTSIDE if number == coloured.missing else each for number, each in enumerate(coloured.names)]
        return replace(coloured, names=said)
    if key == "layout:trust":
        return ramp(kept.trust(_shown), label=label, span=span or (0.0, 1.0), name="cividis", help=text)
    return ramp(kept.outliers(_shown), label=label, span=span, name="plasma", help=text)
