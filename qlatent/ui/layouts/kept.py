"""What is read from a map, kept while the server runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.scenes import reading
from qlatent.services.scenes.reading import NamedClusters
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.shell import page as shell


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame of a scene, with the name that caches know the scene by."""

    name: str
    scene: Scene
    frame: int


def clusters(shown: Frame, smallest: int, fill: bool) -> NamedClusters:
    """The clusters of a frame with their names."""
    return _clusters(shown.name, shown.frame, smallest, fill, shown.scene)


def trust(shown: Frame) -> NDArray[np.float64]:
    """The share of each point's 10 nearest on the map that are so among what is drawn: (m · n,)."""
    return _trust(shown.name, shown.frame, shown.scene)


def outliers(shown: Frame) -> NDArray[np.float64]:
    """The local outlier factor of each point's vector or latent: (m · n,)."""
    return _outliers(shown.name, shown.frame, shown.scene)


@st.cache_resource(max_entries=8, show_spinner="Finding clusters…")
def _clusters(name: str, frame: int, smallest: int, fill: bool, _scene: Scene) -> NamedClusters:
    return reading.named_clusters(shell.workspace(), _scene, frame, smallest=smallest, fill=fill)


@st.cache_resource(max_entries=8, show_spinner="Comparing neighbours…")
def _trust(name: str, frame: int, _scene: Scene) -> NDArray[np.float64]:
    return reading.trust(shell.workspace(), _scene, frame)


@st.cache_resource(max_entries=8, show_spinner="Finding what lies apart…")
def _outliers(name: str, frame: int, _scene: Scene) -> NDArray[np.float64]:
    return reading.outliers(shell.workspace(), _scene, frame)
