"""Draws the map of a run, cached by run id: with its player, or the newest frame alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.plots.colours import CATEGORIES
from qlatent.plots.evolution import Look, Points, evolution_map
from qlatent.services.datasets import browsing
from qlatent.services.runs import frames as service
from qlatent.services.runs.frames import Drawing, Evolution
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.latent_map import figures
from qlatent.ui.latent_map.player import Metric, Playback, player
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import count

CONFIG: dict[str, Any] = {
    "scrollZoom": True,
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
}
HOME_POINTS, LIVE_POINTS = 300, 200
"""Numbers of items drawn on pages that must stay fast; each item is up to two markers."""
PLANE, SPACE = 2, 3
ROUNDING = 1e-5  # of float32: closer together, relative to their norms, points are at one place
ALT = "Map of the latent space; the table beside it lists the same items."

SHOWN = {
    "image": "Images",
    "text": "Texts",
    "vector": "Vectors",
    "both": "Both",
    "laid": "Both, means together",
}


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(path: str, run_id: str, drawing: Drawing, version: str) -> Evolution:
    return service.evolution(page.workspace(), run_id, drawing)


def read(run: RunSummary, drawing: Drawing | None = None) -> tuple[Evolution | None, str]:
    """The run's frames on one map (None before the first), and a cache key for exactly these frames."""
    workspace, drawing = page.workspace(), drawing or Drawing()
    version = browsing.frames(workspace, run.id)
    name = f"{run.id}/{drawing.view}/{drawing.basis}/{drawing.dimensions}/{version}"
    return _read(str(workspace.path), run.id, drawing, version) if version else None, name


def points(found: Evolution, at: NDArray[np.intp], *, whole: bool = False) -> Points:
    """The items at these positions as input of the plot; outliers are in view only with `whole`."""
    return Points(
        steps=[int(step) for step in found.steps],
        places={name: places[:, at] for name, places in found.places.items()},
        norms={name: norms[:, at] for name, norms in found.norms.items()},
        rows=found.rows[at],
        norm_ranges=found.norm_ranges,
        labels=[found.labels[position] for position in at],
        heldout=np.asarray(found.heldout, dtype=bool)[at],
        extent=found.whole if whole else found.extent,
    )


@st.cache_resource(max_entries=6, show_spinner=False)
def _drawn(name: str, _found: Evolution, look: tuple[Any, ...]) -> go.Figure:
    shown, height, animated, colour = look
    at = spacing.evenly(len(_found.rows), shown)
    wanted = Look(colour=colour, height=height, axes=axes(_found))
    return evolution_map(points(_found, at), wanted, animated=animated)


def axes(found: Evolution) -> tuple[str, str, str]:
    """Names of the axes: those of the latent if it is drawn directly, else of the plane or space."""
    if found.raw:
        return "z₁", "z₂", "z₃"
    if found.size <= found.dimensions:
        return "z₁ − mean", "z₂ − mean", "z₃ − mean"
    what = "axis {} of the plane" if found.dimensions == PLANE else "axis {}"
    return what.format(1), what.format(2), what.format(3)


def _telling(labels: Sequence[str]) -> str:
    """The colour that tells most at first sight: the labels if colours name those of most items, else the norm."""
    counts = Counter(label for label in labels if label)
    named = sum(number for _, number in counts.most_common(len(CATEGORIES)))
    return "label" if len(counts) > 1 and named > len(labels) / 2 else "norm"


def playing(run: RunSummary) -> None:
    """Draw a small map that plays once automatically."""
    found, name = read(run)
    if found is None:
        st.skeleton(height=420)
        return
    colour = _telling(found.labels)
    figure = _drawn(name, found, (HOME_POINTS, 440, True, colour))
    st.plotly_chart(figure, key="home_map", config=CONFIG, alt=ALT)
    steps = [int(step) for step in found.steps]
    player(
        Playback("home_map", name, steps, len(steps) - 1, figures.metrics(found), autoplay=True),
        key="home_player",
    )
    captions(found, HOME_POINTS, colour=colour)


def newest(run: RunSummary) -> None:
    """Draw the newest frame of a run that may still be training."""
    found, name = read(run)
    st.markdown("**Latent space now**" if run.active else "**Latent space, last frame**")
    if found is None:
        st.skeleton(height=400)
        return
    st.plotly_chart(
        _drawn(name, found, (LIVE_POINTS, 400, False, "norm")), key="live_map", config=CONFIG, alt=ALT
    )
    st.caption(sampled(found, LIVE_POINTS))


def quality(run: RunSummary) -> None:
    """Draw the quality metrics of the newest frame, each with its curve so far."""
    found, _ = read(run)
    if found is None:
        return
    with st.grid(4, min_column_width=150):
        for metric in figures.metrics(found):
            trend = [each for each in metric.values if each is not None]
            text = f"{metric.help} By {metric.note}." if metric.note else metric.help
            st.metric(metric.label, _value(metric), border=True, help=text, chart_data=trend)


def _value(metric: Metric) -> str:
    value = metric.values[-1]
    return "–" if value is None else f"{value:.{metric.digits}f} {metric.unit}".strip()


SCALES = {
    "norm": "Colour: norm ‖z‖, on one scale per modality for the whole run, 1st to 99th percentile.",
    "frame": "Colour: norm ‖z‖, on a separate scale per modality and frame, 1st to 99th percentile.",
    "label": "Colour: label; only the most frequent labels are named. Circles are images, diamonds texts.",
    "part": "Colour: whether the head was trained on the item or it was held out.",
    "modality": "Colour: image or text.",
}


def captions(found: Evolution, shown: int, *, colour: str = "norm") -> None:
    """Draw what the map shows, and how far neighbours on it share their label."""
    st.caption(sampled(found, shown, colour=colour))
    if text := agreement(found):
        st.caption(text)


def sampled(found: Evolution, shown: int, *, colour: str = "norm") -> str:
    """A caption: how many items are shown, how they were sampled, and what the colour means."""
    total = len(found.rows)
    drawn = min(shown, total)
    caption = f"Showing {drawn:,} of {count(found.total, 'item')}"
    if drawn < total:
        caption += f", evenly spaced among the {total:,} that the run snapshots"
    elif total < found.total:
        caption += ", all that the run snapshots"
    caption += ", sampled by its seed." if total < found.total else "."
    return " ".join([caption, SCALES[colour], *remarks(found)])


def remarks(found: Evolution) -> list[str]:
    """Sentences about the map as a whole: the shift, what is not in view, and why there may be nothing to see."""
    said = []
    gap = found.honesty.get("gap")
    if found.view == "laid":
        apart = (
            f", {gap[-1]:.1f} spreads apart in the latents"
            if gap is not None and np.isfinite(gap[-1])
            else ""
        )
        said.append(f"Images and texts are drawn with their means laid on each other{apart}.")
    if (missing := int(found.left_out[-1])) > 0:
        said.append(f"{count(missing, 'item')} whose latents are not finite numbers left out.")
    largest = max(abs(high) for _, high in found.norm_ranges.values())
    if missing < len(found.rows) and np.ptp(found.whole, axis=1).max() <= ROUNDING * largest:
        said.append("All points are at one place.")
    if len(found.steps) == 1:
        said.append("The run has one frame so far; there is no movement to play.")
    return said


def agreement(found: Evolution) -> str:
    """A sentence with the share of neighbours of the same label on the map, in the latents and in the vectors."""
    parts = []
    for name in found.modalities:
        shares = [found.honesty.get(f"labels_{name}{ending}") for ending in ("", "_latents", "_vectors")]
        if all(each is not None and np.isfinite(each[-1]) for each in shares):
            here, latents, vectors = (f"{each[-1]:.0%}" for each in shares if each is not None)
            which = f"{SHOWN[name].lower()}: " if len(found.modalities) > 1 else ""
            parts.append(f"{which}{here} on the map, {latents} in the latents, {vectors} in the vectors")
    return (
        f"Share of the 10 nearest neighbours with the same label, last frame: {'; '.join(parts)}."
        if parts
        else ""
    )
