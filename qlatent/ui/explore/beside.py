"""Part of the page Explore: up to three maps beside the first, with the same items; the URL names them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import streamlit as st

from qlatent.errors import InputError, QlatentError
from qlatent.services.runs import listing
from qlatent.services.runs.frames import Drawing
from qlatent.services.runs.specs import Layout
from qlatent.services.scenes import beside as service
from qlatent.services.scenes.beside import Beside
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.explore import (
    addresses,
    colour_range,
    controls,
    marks,
    moving_map,
    point_cards,
    shown_scene,
    source,
)
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.explore.source import Looked
from qlatent.ui.latent_map import figures
from qlatent.ui.latent_map.linked import LinkedMap
from qlatent.ui.latent_map.point_map import Card, Cards, Classes, PointMap, PointMapEvent, Ramp
from qlatent.ui.latent_map.point_map.colouring import NO_VALUE
from qlatent.ui.layouts import chosen
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.dataset_cache import all_datasets
from qlatent.ui.shell.formatting import count, encoder_name

MOST = 3  # beside the first
KINDS = ("frame", "run", "vectors", "layout")
OWN = ("norm", "density", "change")
"""Colours that each map has of its own, in a range of its own; all others are those of the items."""
FIGURES = 4  # under each map


@dataclass(frozen=True)
class Entry:
    """A map to be shown beside the first: a frame, a run, the vectors by an encoder, or a layout."""

    kind: str
    key: str

    @property
    def text(self) -> str:
        return f"{self.kind}-{self.key}"


@dataclass(frozen=True, eq=False)
class _Read:
    """An entry with the scene that it names."""

    entry: Entry
    title: str
    named: Named
    found: Beside


def entries() -> list[Entry]:
    """What the URL names, each once; what is none is left out."""
    split = [each.partition("-") for each in url_state.get(addresses.BESIDE).split(",")]
    found = [Entry(kind, key) for kind, _, key in split if kind in KINDS and key]
    return list(dict.fromkeys(found))[:MOST]


def maps(looked: Looked, shown: Shown, drawn: PointMap) -> list[LinkedMap]:
    """The maps beside the first; one that cannot be shown says why, and can be removed."""
    found = []
    for entry in entries():
        try:
            found.append(_map(shown, drawn, _read(looked, shown, entry)))
        except QlatentError as err:
            parts.error_card(err)
            st.button(
                "Remove this map", key=f"explore_beside_broken_{entry.text}", icon=":material/close:",
                on_click=_remove, args=(entry,),
            )  # fmt: skip
    return found


def add(looked: Looked, shown: Shown) -> None:
    """Offer maps to be shown beside the first."""
    menu = st.popover("Add a map", icon=":material/add_chart:", key="explore_beside", on_change="rerun")
    if not menu.open:
        return
    with menu:
        there = entries()
        if len(there) >= MOST:
            st.caption(f"At most {MOST + 1} maps are shown. Remove one to add another.")
            return
        offered = {key: title for key, title in _offered(looked, shown) if key not in {e.text for e in there}}
        st.caption(
            "Another map of the same items beside this one. They share pointer, selection and colours, and "
            "the camera if both have the same axes."
        )
        if not offered:
            st.caption(
                "There is no other map of these items yet: train a head, or compute a layout (tab Map)."
            )
            return
        chosen_key = st.selectbox(
            "Map to add", list(offered), format_func=offered.__getitem__, key="explore_beside_what",
            filter_mode="contains",
        )  # fmt: skip
        if st.button("Add", key="explore_beside_add", type="primary", icon=":material/add:"):
            _put([*there, Entry(*_parts(chosen_key))])
            st.rerun(scope="fragment")


def _parts(text: str) -> tuple[str, str]:
    kind, _, key = text.partition("-")
    return kind, key


def _put(found: list[Entry]) -> None:
    url_state.put(addresses.BESIDE, ",".join(each.text for each in found))


def _remove(entry: Entry) -> None:
    _put([each for each in entries() if each != entry])


# --- what can be shown ------------------------------------------------------------------------------------


def _offered(looked: Looked, shown: Shown) -> Iterator[tuple[str, str]]:
    """Keys and titles: vectors, layouts, other runs, other frames."""
    own = shown.named.scene.source
    dataset = all_datasets().get(own.dataset)
    keys = source.encoders(dataset) if dataset else []
    for key in keys:
        if looked.run or own.layout or key != own.encoder:
            yield f"vectors-{key}", f"Vectors of {encoder_name(key, keys)}, before any head"
    for run in listing.list_runs(page.workspace()):
        if run.dataset != own.dataset:
            continue
        if isinstance(run.spec, Layout):
            if run.state == "finished" and run.id != own.layout:
                yield f"layout-{run.id}", f"Layout: {chosen.title(run.spec)}"
        elif run.kind == "train" and run.status.step and (own.layout or run.id != own.run):
            yield f"run-{run.id}", f"Run: {run.name}"
    labels = shown.named.scene.labels
    for number, label in enumerate(labels if len(labels) > 1 else ()):
        yield f"frame-{number}", f"This run at {label}"


def _read(looked: Looked, shown: Shown, entry: Entry) -> _Read:
    """The scene that an entry names; what does not exist or is of other items raises a `QlatentError`."""
    scene = shown.named.scene
    if entry.kind == "frame":
        if scene.frames == 1:
            raise InputError(
                "This map has no other frame to stand beside it.", remedy="Remove it, or look at a run."
            )
        frame = int(entry.key) if entry.key.isascii() and entry.key.isdecimal() else -1
        found = _beside(shown.named.name, shown.named.name, frame, scene, scene)
        label = scene.labels[frame] if scene.labels else f"frame {frame + 1}"
        return _Read(entry, f"This run at {label}", shown.named, found)
    title, named = _of_layout(entry.key) if entry.kind == "layout" else _of_source(shown, entry)
    if named.scene.source.dataset != scene.source.dataset:
        raise InputError(
            "The map in this link is of another dataset.",
            remedy="Remove it; maps beside each other show the same items.",
        )
    return _Read(entry, title, named, _beside(shown.named.name, named.name, None, scene, named.scene))


def _of_layout(layout: str) -> tuple[str, Named]:
    named = shown_scene.read(Looked(), Drawing(), layout=layout)
    spec = listing.summary(page.workspace(), layout).spec
    return f"Layout: {chosen.title(spec)}" if isinstance(spec, Layout) else "Layout", named


def _of_source(shown: Shown, entry: Entry) -> tuple[str, Named]:
    """A run or vectors, in the view and the number of axes of the first map where they have it."""
    workspace, scene = page.workspace(), shown.named.scene
    if entry.kind == "run":
        run = listing.summary(workspace, entry.key)
        looked, title = Looked(run=run, dataset=run.dataset or ""), f"Run: {run.name}"
    else:
        looked, title = _vectors(scene, entry.key), f"Vectors of {encoder_name(entry.key)}"
    outline = controls.outline(looked)
    view = scene.shown.view if outline and scene.shown.view in outline.views else None
    return title, shown_scene.read(looked, Drawing(view, scene.shown.basis, scene.shown.dimensions))


def _vectors(scene: Scene, encoder: str) -> Looked:
    dataset = all_datasets().get(scene.source.dataset)
    if dataset is None:
        raise InputError(
            f"The dataset {scene.source.dataset!r} of these vectors no longer exists.",
            remedy="Remove this map.",
        )
    return source.vectors(dataset, encoder)


@st.cache_resource(max_entries=8, show_spinner=False)
def _beside(name: str, other_name: str, frame: int | None, _scene: Scene, _other: Scene) -> Beside:
    return service.beside(_scene, _other, frame=frame)


# --- how it is drawn --------------------------------------------------------------------------------------


def _map(shown: Shown, drawn: PointMap, read: _Read) -> LinkedMap:
    colours = _colours(shown, drawn, read)
    follows = len(read.found.frames) == drawn.frames
    spec = replace(
        drawn,
        positions=read.found.positions,
        colours=colours,
        cards=_cards(drawn, read),
        contours=(),  # they are those of the first map
        camera=None,  # in the same axes it follows the first map
        frame=drawn.frame if follows else None,
        labels=read.found.other.labels[read.found.frames.start : read.found.frames.stop],
        hidden=marks.hidden(colours),
        axes=read.found.other.positions.digest,
        title=f"{read.title}; the table below lists the same items",
        reports=("hidden",),
    )  # fmt: skip
    return LinkedMap(
        read.title, spec, f"explore_beside_{read.entry.text}", partial(happened, shown, read.found, colours),
        below=partial(_below, read),
    )  # fmt: skip


def _colours(shown: Shown, drawn: PointMap, read: _Read) -> Ramp | Classes | None:
    """The colours of the items as on the first map, or those that this map has of its own."""
    given = drawn.colours
    if shown.colour not in OWN or shown.colour not in read.named.colours:
        if isinstance(given, Ramp) and given.codes.ndim > 1:
            return replace(given, codes=given.codes[shown.frame])
        return given
    frame = read.found.frames[-1]
    own = shown_scene.colours(read.named, shown.colour, frame=frame, asked=colour_range.asked())
    if not isinstance(own, Ramp):
        return own
    codes = read.found.taken(own.codes, missing=NO_VALUE)
    return replace(own, codes=codes.astype(np.uint8, copy=False))


def happened(shown: Shown, found: Beside, colours: Ramp | Classes | None, event: PointMapEvent) -> None:
    """Put what a person did on a map beside the first into the URL."""
    scene = shown.named.scene
    if event.lasso is not None:
        drawn = replace(event.lasso, frame=found.frames.start + event.lasso.frame)
        moving_map.lasso(found.other, drawn)
        return
    moving_map.happened(scene, replace(event, frame=None, camera=None), colours=colours)


def _cards(drawn: PointMap, read: _Read) -> Cards | None:
    """The cards of the first map, with the norms of this one."""
    if drawn.cards is None:
        return None
    first, found = drawn.cards, read.found
    norms = point_cards.norms(found.other, found.frames[-1])

    def card(point: int) -> Card:
        there = int(found.points[point])
        return replace(first.card(point), norm=norms(there) if there >= 0 else None)

    return replace(first, name=f"{first.name} {read.named.name} {found.frames}", card=card)


def _below(read: _Read) -> None:
    """What the map keeps and hides, in a line, and the button that removes it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        st.caption(" · ".join(_figures(read)))
        st.button(
            "", key=f"explore_beside_remove_{read.entry.text}", icon=":material/close:", help="Remove this map",
            on_click=_remove, args=(read.entry,),
        )  # fmt: skip


def _figures(read: _Read) -> list[str]:
    shown, frame = read.found.other.shown, read.found.frames[-1]
    said = [
        f"{each.label} {each.values[frame]:.{each.digits}f} {each.unit}".strip()
        for each in figures.metrics(shown)
        if each.values[frame] is not None
    ][:FIGURES]
    missing = int((read.found.points < 0).sum())
    return [*said, f"{count(missing, 'point')} not on this map"] if missing else said
