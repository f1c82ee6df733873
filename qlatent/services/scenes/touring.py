"""A tour as a scene: its frames are planes of one state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qlatent.layout import extent
from qlatent.layout.quantised import quantise
from qlatent.services.layouts.tours import Guide, Tour, TourRequest, toured
from qlatent.services.runs.frames import Evolution
from qlatent.services.scenes.scenes import Scene
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays


def of_tour(workspace: Workspace, scene: Scene, guide: Guide, *, frame: int) -> Scene:
    """The tour of what a frame of `scene` shows, a run's or vectors; errors as in `services.layouts.tours.toured`.

    A map of more than 50,000 points keeps so many, evenly spaced.
    """
    source = scene.source
    request = TourRequest(
        source.dataset, source.encoder, source.version, source.run, frame if source.run else 0, scene.shown.view,
        guide,
    )  # fmt: skip
    found = toured(workspace, request)
    positions = quantise(np.concatenate(list(found.places.values()), axis=1))
    return Scene(source, _shown(scene, found, frame), positions, request)


def _shown(scene: Scene, found: Tour, frame: int) -> Evolution:
    whole, planes = scene.shown, len(found.index)
    at = np.flatnonzero(np.isin(whole.rows, found.rows))

    def repeated(values: Arrays) -> Arrays:
        return {name: np.broadcast_to(each[frame, at], (planes, len(at))) for name, each in values.items()}

    pooled = list(np.concatenate(list(found.places.values()), axis=1))
    figures = {
        "explained_variance": found.shown, "tour_index": found.index, "tour_held": np.full(planes, found.held)
    }  # fmt: skip
    return replace(
        whole, steps=np.full(planes, whole.steps[frame]), places=found.places, norms=repeated(whole.norms),
        honesty=figures, rows=found.rows, heldout=np.asarray(whole.heldout)[at],
        labels=[whole.labels[each] for each in at], ids=[whole.ids[each] for each in at] if whole.ids else [],
        images=[whole.images[each] for each in at] if whole.images else [],
        extent=extent.fitted(pooled), whole=extent.whole(pooled), norm="", stretch=1.0,
        left_out=np.full(planes, whole.left_out[frame]), size=found.size,
    )  # fmt: skip
