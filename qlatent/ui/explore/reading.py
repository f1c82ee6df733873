"""Part of the page Explore: what the shown frame keeps and hides, in figures and words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import streamlit as st

from qlatent.services.scenes import guides
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.explore import lines
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.latent_map import figures, maps
from qlatent.ui.latent_map.player import Metric
from qlatent.ui.shell.formatting import count

ACROSS = 4  # figures in a line
FAR_BELOW = 0.5  # share of the vectors' figure from which on another layout is pointed to
OF_LAYOUTS = {  # figure → label, help, figure to compare it with
    "trustworthiness": (
        "Neighbours are true",
        "Whether neighbours on the map are also neighbours in the vectors (trustworthiness, 1 is best).",
        "",
    ),
    "continuity": (
        "Neighbours stay together",
        "Whether neighbours in the vectors are still neighbours on the map (continuity, 1 is best).",
        "",
    ),
    "neighbour_overlap": (
        "Neighbours kept",
        "Share of the 10 nearest that are the same on the map and in the vectors (kNN overlap@10).",
        "",
    ),
    "neighbour_accuracy": (
        "Label told by neighbours",
        "How often the most frequent label among the 10 nearest on the map is a point's own (10-NN accuracy).",
        "neighbour_accuracy_vectors",
    ),
}


TOURED = {
    "labels": (
        "Labels apart",
        "How far the labels lie apart in this plane: 1 − |W| / |W + B|, W and B the scatter within and between labels.",
    ),
    "norm": (
        "Norm told",
        "How well the norm can be read off this plane: R² of its regression on the coordinates.",
    ),
}


def strip(shown: Shown) -> None:
    """Draw the figures of the shown frame, and what should be known about the map as a whole."""
    scene = shown.named.scene
    found = list(_of_layout(scene)) if scene.source.layout else figures.metrics(scene.shown)
    if scene.tour:
        found += _of_tour(scene)
    if found:
        across = st.grid(min(len(found), ACROSS), min_column_width=170, gap="xsmall")
        with st.container(key="explore_figures"), across:
            for metric in found:
                text = f"{metric.help} By {metric.note}." if metric.note else metric.help
                st.metric(metric.label, _value(metric, shown.frame), help=text)
    st.caption(" ".join(filter(None, [*_said(scene), lines.said(scene)])))


def _of_layout(scene: Scene) -> Iterator[Metric]:
    table = scene.shown.honesty
    for name, (label, text, beside) in OF_LAYOUTS.items():
        if name in table:
            note = f"vectors {table[beside][0]:.2f}" if beside in table else ""
            yield Metric(label, table[name].tolist(), text, 2, "", note)


def _of_tour(scene: Scene) -> Iterator[Metric]:
    label, text = TOURED.get(scene.tour.guide if scene.tour else "", ("", ""))
    if label:
        yield Metric(label, scene.shown.honesty["tour_index"].tolist(), text, 2, "", "")


def _value(metric: Metric, frame: int) -> str:
    value = metric.values[frame]
    return "–" if value is None else f"{value:.{metric.digits}f} {metric.unit}".strip()


def _said(scene: Scene) -> list[str]:
    """How many items of which are shown, and sentences about the map."""
    found = scene.shown
    drawn = count(scene.items, "item")
    said = f"Showing {drawn} of {found.total:,}" if scene.items < found.total else f"Showing all {drawn}"
    said += ", sampled by the run's seed." if scene.source.run and scene.items < found.total else "."
    if scene.tour:
        return [said, *_tour(scene)]
    if scene.source.run and not scene.source.layout:
        return [said, *_norm(scene), *maps.remarks(found), *filter(None, [maps.agreement(found)])]
    return [said, *_norm(scene), *_of_vectors(scene)]


def _tour(scene: Scene) -> Iterator[str]:
    """What the frames of a tour are, and what the toured dimensions leave out."""
    found = scene.shown
    of = f"the latents at step {int(found.steps[0]):,}" if scene.source.run else "the vectors"
    yield (
        f"The frames are {scene.frames} planes of {of}, each a small turn from the last; nothing is trained between "
        "them. What lies apart in a plane lies apart in all dimensions; what lies together may not."
    )
    held = float(found.honesty["tour_held"][0])
    if held < 1.0:
        yield f"The tour is of the {found.size} leading axes, which hold {held:.0%} of the spread."


def _norm(scene: Scene) -> Iterator[str]:
    """Where the norm can be read off, on a map that shows it."""
    found = scene.shown
    if not found.norm:
        return
    at = ", ".join(f"{each:g}" for each in guides.norms(scene))
    if found.norm == "radius":
        rings = f"; rings at {at}" if at else ""
        yield f"Each point lies as far from the middle as its norm ‖z‖{rings}. Its direction is that of the fixed axes."
    else:
        lines = f"; lines at {at}" if at else ""
        which = "second" if found.dimensions == maps.PLANE else "third"
        yield f"The {which} axis is the norm ‖z‖{lines}."
    if len(guides.norms(scene)) == 1:
        yield "All norms are equal."


def _of_vectors(scene: Scene) -> Iterator[str]:
    found, table = scene.shown, scene.shown.honesty
    if missing := int(found.left_out[-1]):
        yield f"{count(missing, 'item')} without a vector left out."
    if len(scene.modalities) > 1:
        for name in scene.modalities:
            if bare := int(np.isnan(found.places[name][-1]).any(axis=1).sum()):
                yield f"{count(bare, 'item')} without {'an image' if name == 'image' else 'a text'} vector."
    if found.view == "laid":
        apart = f", {table['gap'][0]:.1f} spreads apart" if np.isfinite(table["gap"][0]) else ""
        yield f"Images and texts are drawn with their means laid on each other{apart} in the vectors."
    if scene.items and not np.ptp(found.whole, axis=1).any():
        yield "All points are at one place."
    shares = [
        f"{maps.SHOWN[name].lower()}: {table[f'labels_{name}'][0]:.0%} on the map, "
        f"{table[f'labels_{name}_vectors'][0]:.0%} in the vectors"
        for name in scene.modalities
        if f"labels_{name}" in table
    ]
    if shares:
        yield f"Share of the 10 nearest neighbours with the same label: {'; '.join(shares)}."
    if any(
        table[f"labels_{name}"][0] < FAR_BELOW * table[f"labels_{name}_vectors"][0]
        for name in scene.modalities
        if f"labels_{name}" in table
    ):
        yield "These axes cannot keep them together; UMAP in the tab Map often can."
