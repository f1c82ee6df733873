"""Maps of runs with frames that play, and linked maps side by side, with the neighbours of an item."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from qlatent.notebooks.display import Part
from qlatent.plots import linked as linked_plots
from qlatent.plots import playing
from qlatent.plots.evolution import Look, Points, evolution_map
from qlatent.services.experiments import side_by_side
from qlatent.services.experiments.side_by_side import SideBySide
from qlatent.services.lessons import figures
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs import frames, item_detail
from qlatent.services.runs.frames import Evolution
from qlatent.services.runs.item_detail import Neighbour
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import LinkedFigure, MapFigure

HEIGHT = 480  # pixels
WORDS = {"image": "images", "text": "texts", "vector": "vectors"}


def moving(workspace: Workspace, figure: MapFigure) -> Iterable[Part]:
    found = figures.shown(workspace, figure)
    assert isinstance(found, Evolution)
    of = Stage(workspace, figure)
    items = frames.items_of(workspace, workspace.run(of.run()), found.rows)
    points = Points(
        found.steps.tolist(), found.places, found.norms, np.arange(len(found.rows)), found.norm_ranges,
        labels=found.labels, heldout=found.heldout, extent=found.extent, names=[_name(each) for each in items],
    )  # fmt: skip
    frame = range(len(found.steps))[figure.frame]
    colour = figure.colour if figure.colour == "norm" or any(found.labels) else "norm"
    drawn = evolution_map(
        points, Look(colour=colour, start=frame, height=HEIGHT), animated=len(found.steps) > 1
    )
    if figure.item:
        at = found.ids.index(figure.item)
        playing.add_ring(
            drawn, np.stack([each[:, at] for each in found.places.values()], axis=1), start=frame
        )
    playing.add_slider(drawn, points.steps, start=frame)
    yield drawn
    yield _about(found, frame)
    if figure.item:
        yield from _card(workspace, of.run(), found, figure.item, frame)


def _name(item: dict[str, Any]) -> str:
    text = item["text"] or ""
    return item["id"] if text in ("", item["id"]) else f"{item['id']}: {text}"


def _about(found: Evolution, frame: int) -> str:
    kinds = " and ".join(WORDS[name] for name in found.modalities)
    said = f"{len(found.rows):,} items as {kinds}, each a vector of {found.size:,} numbers."
    explained = found.honesty["explained_variance"][frame]
    return said + (f" The two axes show {explained:.0%} of their variance." if np.isfinite(explained) else "")


def _card(workspace: Workspace, run: str, found: Evolution, item: str, frame: int) -> Iterable[Part]:
    """The item with a ring: its norm, its pair, and its neighbours before and after compression."""
    detail = item_detail.item_detail(workspace, run, int(found.rows[found.ids.index(item)]), frame)
    told = [f"norm of its {name} {norm:.3f}" for name, norm in detail.norms.items()]
    if detail.pair_distance:
        before, after = detail.pair_distance
        told.append(f"its image and its text are {before:.3f} apart before and {after:.3f} after")
    yield f"In the ring: **{_name({'id': detail.id, 'text': detail.text})}**; {', '.join(told)}."
    near = "image" if "image" in found.modalities else found.modalities[0]
    sides = {"Nearest in the vectors": detail.before[near], "Nearest in the latents": detail.after[near]}
    yield _near({title: [_neighbour(each) for each in side] for title, side in sides.items()})


def _neighbour(found: Neighbour) -> str:
    return _beside(_name({"id": found.id, "text": found.text}), found.distance, found.shared)


def _beside(name: str, distance: float, kept: bool) -> str:
    return f"{name[:48]}  {distance:.3f}{' ✓' if kept else ''}"


def _near(lists: dict[str, list[str]]) -> pd.DataFrame:
    """Neighbours with their distances, the nearest first; ✓: a neighbour before and after."""
    table = pd.DataFrame({title: pd.Series(names, dtype=object) for title, names in lists.items()})
    table.index = pd.RangeIndex(1, len(table) + 1)
    return table


def linked(workspace: Workspace, figure: LinkedFigure) -> Iterable[Part]:
    found = figures.shown(workspace, figure)
    assert isinstance(found, SideBySide)
    items = frames.items_of(workspace, workspace.run(found.spaces[0].run_id), found.rows)
    names = [_name(each) for each in items]
    at = []
    if figure.item:
        Stage(workspace, figure).row(figure.item)  # refuses one that is not there
        at = [found.ids.index(figure.item) + n * len(found.ids) for n in range(len(found.modalities))]
    places = side_by_side.positions(found)
    yield linked_plots.side_by_side(
        [
            linked_plots.Space(space.title, place.values[0].astype(float), space.norms)
            for space, place in zip(found.spaces, places, strict=True)
        ],
        kinds=found.kinds,
        names=names * len(found.modalities),
        labels=found.labels * len(found.modalities) if figure.colour == "label" and any(found.labels) else (),
        ringed=at,
        height=HEIGHT,
    )
    yield "\n".join(
        f"- **{space.title}**: {space.dimensions:,} numbers; the axes show {space.explained:.0%} of their variance"
        for space in found.spaces
    )
    if figure.item:
        row, modality = int(found.rows[found.ids.index(figure.item)]), found.modalities[0]
        by_row = dict(zip(found.rows.tolist(), names, strict=True))
        around = side_by_side.neighbours(workspace, found, row, modality)
        yield f"Nearest to **{by_row[row]}**, with distances; ✓ those that are neighbours in the input space, too:"
        yield _near(
            {
                each.title: [
                    _beside(by_row[near], distance, kept)
                    for near, distance, kept in zip(each.rows, each.distances, each.kept, strict=True)
                ]
                for each in around
            }
        )
