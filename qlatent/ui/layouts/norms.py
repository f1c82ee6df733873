"""Part of the panel of layouts: the norm of each point against a column or another colour."""

from __future__ import annotations

import math

import streamlit as st

from qlatent.plots.norms import against_numbers, in_classes
from qlatent.services.scenes import colouring, norms
from qlatent.services.scenes.norms import Against
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.layouts import addresses
from qlatent.ui.layouts.kept import Frame
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import count

TITLES = {
    "label": "Label", "part": "Training or held out", "change": "Neighbours changed", "loss": "Loss of each item",
    "lost": "Distances lost",
    "pair": "Pair distance changed", "density": "Density",
}  # fmt: skip
MODALITIES = {"image": "Images", "text": "Texts", "vector": "Vectors"}
HELP = "What to compare the norm ‖z‖ with: a column of the items, or any other colour of the map."
CONFIG = {"displayModeBar": False}


def norm_against(page: str, shown: Frame) -> None:
    """Draw the norms of the shown frame against what is chosen, for each modality on the map."""
    options = _offered(shown.name, shown.scene)
    if not options:
        st.caption("These items have no label, no columns and nothing else to compare the norm with.")
        return
    by = url_state.pick("Norm against", options, name=f"{page}_{addresses.AGAINST}", names=_title, help=HELP)
    for each in _against(shown.name, shown.frame, by, shown.scene):
        _drawn(page, by, each, named=len(shown.scene.modalities) > 1)


def _title(by: str) -> str:
    return TITLES.get(by) or by.removeprefix(colouring.COLUMN)


def _drawn(page: str, by: str, found: Against, *, named: bool) -> None:
    which = f"{MODALITIES.get(found.modality, found.modality)}: " if named else ""
    key = f"{page}_norm_{found.modality}"
    if not found.points:
        st.caption(f"{which}No point has both a norm and a value.")
        return
    if len(found.classes):
        st.caption(f"{which}Median norm and middle half of each class; {count(found.points, 'point')}.")
        st.plotly_chart(in_classes(found.classes), key=key, config=CONFIG, alt="Norms in each class")
        return
    related = ""
    if not math.isnan(found.correlation):
        related = f"Rank correlation {found.correlation:+.2f} (Spearman) of ".replace("-", "−")
    st.caption(f"{which}{related}{count(found.points, 'point')}.")
    figure = against_numbers(found.values, found.norms, x=_title(by))
    st.plotly_chart(figure, key=key, config=CONFIG, alt="Norms against the chosen values")


@st.cache_resource(max_entries=4, show_spinner=False)
def _offered(name: str, _scene: Scene) -> list[str]:
    offered = colouring.offered(shell.workspace(), _scene)
    return [each for each in offered if each not in ("norm", "modality")]


@st.cache_resource(max_entries=8, show_spinner="Comparing norms…")
def _against(name: str, frame: int, by: str, _scene: Scene) -> list[Against]:
    return norms.against(shell.workspace(), _scene, by, frame=frame)
