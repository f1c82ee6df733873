"""Read a scene: its dense regions with names, how far each point's neighbours are true, and which items lie apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.layout.class_words import class_words
from qlatent.layout.clusters import Clusters, centres
from qlatent.services.layouts import layouts, reading
from qlatent.services.layouts.requests import METRICS
from qlatent.services.runs.specs import training_spec
from qlatent.services.scenes.scenes import Scene, inputs, latents, texts
from qlatent.services.selections.clusters import clustered
from qlatent.services.selections.definitions import DrawnMap
from qlatent.services.training.kinds.table import run_configs
from qlatent.store.workspace import Workspace

Values = NDArray[np.float64]  # (m · n,), modality after modality


@dataclass(frozen=True)
class NamedClusters:
    """The clusters of the points (m · n,) of a scene, the largest first."""

    on: DrawnMap
    clusters: Clusters
    words: tuple[tuple[str, ...], ...]  # what sets the texts of each apart; empty where there are none
    centres: NDArray[np.int64]  # the dataset row of the item that stands for each

    @property
    def names(self) -> list[str]:
        """A name for each with its number from 1, since two may be described by the same words."""
        return [
            f"{number} · {', '.join(words)}" if words else f"Cluster {number}"
            for number, words in enumerate(self.words, start=1)
        ]


def named_clusters(
    workspace: Workspace, scene: Scene, frame: int, *, smallest: int = 0, fill: bool = False
) -> NamedClusters:
    """The dense regions of a frame with their words and the items that stand for them.

    `smallest` and `fill` as in `layout.clusters.clusters`. The item that stands for a cluster lies nearest to the mean
    of its places; images without texts have it alone.
    """
    on = scene.drawn(frame).unmeasured
    found, clusters = clustered(workspace, scene.source.dataset, on, smallest, fill)
    places = np.concatenate(list(found.places.values()))
    middle = found.rows[centres(places, clusters.numbers) % max(1, scene.items)]
    words = class_words(texts(workspace, scene) * len(scene.modalities), clusters.numbers)
    return NamedClusters(on, clusters, tuple(words), middle)


def trust(workspace: Workspace, scene: Scene, frame: int) -> Values:
    """The share of each point's 10 nearest of its modality on the map that are so among the vectors: 0 to 1.

    The vectors are those before any head, of a layout of latents the latents. As in `layouts.reading.trust_of`.
    """
    metric, behind = _metric(workspace, scene), latents(workspace, scene, frame)
    if scene.source.run and not scene.source.layout and (before := inputs(workspace, scene)):
        metric, behind = "cosine", before
    return np.concatenate(
        [
            reading.trust_of(behind[name], places[frame], metric=metric)
            for name, places in scene.shown.places.items()
        ]
    )


def outliers(workspace: Workspace, scene: Scene, frame: int) -> Values:
    """The local outlier factor of each point's vector or latent, among those of its modality."""
    metric, behind = _metric(workspace, scene), latents(workspace, scene, frame)
    return np.concatenate([reading.outliers_of(behind[name], metric=metric) for name in scene.modalities])


def _metric(workspace: Workspace, scene: Scene) -> str:
    """The distance of a layout, of a run's head, or of vectors."""
    source = scene.source
    if source.layout:
        return str(layouts.read(workspace, source.layout).settings["metric"])
    if not source.run:
        return "cosine"
    own = run_configs(training_spec(workspace.run(source.run))).head.distance
    return own if own in METRICS else "euclidean"
