"""The first map of the page Home: the demo under CLIP-ACQUA's own loss and under distance correlation, side by side."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import streamlit as st

from qlatent.services import first_look as service
from qlatent.services.datasets import browsing, pictures
from qlatent.services.first_look import Side, Told
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.items.card import SHOWN
from qlatent.ui.latent_map.linked import Group, LinkedMap, linked_maps
from qlatent.ui.latent_map.point_map import (
    Card,
    Cards,
    Classes,
    Contour,
    PointMap,
    PointMapEvent,
    Ramp,
    classes,
    ramp,
)
from qlatent.ui.latent_map.point_map.colouring import PALETTE
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import cut
from qlatent.ui.shell.progress import progress

TITLES = ("CLIP-ACQUA's own loss", "Distance correlation")
COLOURS = {"norm": "Norm ‖z‖", "kind": "Kind of goods", "modality": "Image or text"}
HEIGHT, TEXT, CARDS = 320, 240, 2_000
LESSON = (
    "The same head, listings and start; only the loss differs. CLIP-ACQUA's own loss rebuilds each vector and keeps "
    "each image as far from **its own** text as it was: images and texts part into two clouds. Distance correlation "
    "keeps the proportions of **all** distances: goods of one kind gather, images and texts together."
)


def title() -> None:
    """Draw the title, and in two sentences what the maps teach."""
    parts.title("Watch latent spaces form: one head, two losses", LESSON)


def two_losses(runs: tuple[RunSummary, RunSummary]) -> None:
    """Draw both maps with their figures; while a head trains they grow, both in step."""
    live = any(each.active for each in runs)
    st.fragment(partial(_maps, tuple(each.id for each in runs), live=live), run_every=1.0 if live else None)()


def _maps(ids: tuple[str, ...], *, live: bool) -> None:
    with page.guarded():
        workspace = page.workspace()
        runs = listing.summaries(workspace, ids)
        if live and not any(each.active for each in runs):
            st.rerun(scope="app")
        colour = st.segmented_control(
            "Colour", list(COLOURS), default="norm", required=True, key="home_colour",
            format_func=COLOURS.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        sides = [_side(str(workspace.path), each.id, browsing.frames(workspace, each.id)) for each in runs]
        frames = service.in_step(sides)
        drawn = [
            LinkedMap(title, _spec(found, str(colour), frames, title), f"home_map_{number}", _nothing,
                      above=partial(_figures, found, run, frames))
            for number, (title, found, run) in enumerate(zip(TITLES, sides, runs, strict=True), start=1)
            if found is not None
        ]  # fmt: skip
        with st.container(key="home_maps"):
            if len(drawn) == len(sides):
                linked_maps(drawn, Group("home", len(sides), HEIGHT, "home_refused"))
            else:
                _first(drawn, next(run for found, run in zip(sides, runs, strict=True) if found is None))
        _captions([each for each in sides if each is not None])


def _first(drawn: list[LinkedMap], waiting: RunSummary) -> None:
    """The map that there is, beside the place of the one that follows."""
    here, there = st.columns(2, gap="small")
    with here:
        linked_maps(drawn, Group("home", 1, HEIGHT, "home_refused"))
    with there:
        parts.name(waiting.name)
        progress(waiting)
        st.skeleton(height=HEIGHT)


@st.cache_resource(max_entries=6, show_spinner=False)
def _side(path: str, run_id: str, state: str) -> Side | None:
    workspace = page.workspace()
    return service.side(workspace, listing.summary(workspace, run_id)) if state else None


def _nothing(event: PointMapEvent) -> None:
    """Clicks and lassos mark points in the browser alone."""


def _spec(found: Side, colour: str, frames: int, title: str) -> PointMap:
    scene = found.scene
    return PointMap(
        service.first_frames(scene.positions, frames),
        colours=_colours(found, colour, frames),
        pairs=scene.pairs,
        cards=_cards(scene, found.run.id),
        contours=_outlines(found, frames),
        labels=scene.labels[:frames],
        link="home",
        axes=found.run.id,  # each map has axes of its own
        title=f"{title}: images and texts of the demo; the page Explore lists the same items",
        reports=(),
        autoplay=True,
    )


def _colours(found: Side, colour: str, frames: int) -> Ramp | Classes:
    scene = found.scene
    if colour == "kind":
        named = dict(zip(service.frequent(found.kinds), PALETTE, strict=False))
        kinds = [kind if kind in named or not kind else "other kinds" for kind in found.kinds]
        return classes(kinds * len(scene.modalities), label="Kind of goods", colours=named)
    if colour == "modality":
        return classes(
            [SHOWN[name] for name in scene.modalities for _ in range(scene.items)], label="Image or text"
        )
    norms = np.concatenate([scene.shown.norms[name] for name in scene.modalities], axis=1)
    low, high = scenes.norm_range(norms)
    return ramp(norms[:frames], label="Norm ‖z‖", span=(low, high), help=NORM)


NORM = "Length of each latent, on one scale for images and texts and all frames of this map, 1st to 99th percentile."


def _outlines(found: Side, frames: int) -> list[Contour]:
    """The outline of each frequent kind in each frame, in the colour that the kind has where kinds are coloured."""
    shown = []
    for frame, step in enumerate(found.scene.shown.steps[:frames]):
        around = _around(found.run.id, int(step), found, frame)
        for (kind, lines), colour in zip(around.items(), PALETTE, strict=False):
            if lines:
                shown.append(Contour([service.in_units(found, line) for line in lines], kind, colour, frame))
    return shown


@st.cache_resource(max_entries=200, show_spinner=False)
def _around(run_id: str, step: int, _found: Side, _frame: int) -> dict[str, list[service.Line]]:
    return service.outlines(_found, _frame)


def _cards(scene: Scene, run_id: str) -> Cards:
    """What is shown beside a point; the server asks for it in a thread, where Streamlit is not."""
    workspace = page.workspace()

    def of_row(row: int) -> Card:
        (item,) = scenes.items(workspace, scene.source, [row])
        image = browsing.thumbnails(workspace, [item["image_hash"]]) if item["image_hash"] else {}
        return Card(
            cut(item["text"] or item["id"], limit=TEXT),
            item["label"] or "",
            None,
            next(iter(image.values()), None),
        )

    kept = pictures.remembered(workspace, of_row, most=CARDS)
    return Cards(f"{workspace.path} home {run_id}", lambda point: kept(scene.row_of(point)))


def _figures(found: Side, run: RunSummary, frames: int) -> None:
    """The figures of the newest frame in words; until the training is finished, how far it is."""
    if run.state != "finished":
        progress(run)
        if not run.active and st.button("Resume", key=f"home_resume_{run.id}", icon=":material/play_arrow:"):
            queue.resume(page.workspace(), run.id)
            st.rerun(scope="app")
    told = _told(run.id, int(found.scene.shown.steps[frames - 1]), found, frames - 1)
    across = f"Kind of an image, told by its ten nearest **texts**: **{_share(told.across)}** right"
    nearest = (
        f"Kind told by a point's ten nearest: **{_share(told.nearest)}** right, chance {_share(told.chance)}"
    )
    kept = f"Distances kept (Spearman; 1 is all): **{_number(told.spearman)}**"
    st.markdown(f"- {across}\n- {nearest}\n- {kept}")


@st.cache_resource(max_entries=200, show_spinner=False)
def _told(run_id: str, step: int, _found: Side, _frame: int) -> Told:
    return service.told(_found, _frame)


def _share(value: float) -> str:
    return f"{value:.0%}" if math.isfinite(value) else "not known"


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "not known"


def _captions(sides: list[Side]) -> None:
    """What the maps show and how the figures came about."""
    if not sides:
        return
    scene, kinds = sides[0].scene, sides[0].kinds
    named, every = len(service.frequent(kinds)), len(set(kinds) - {""})
    st.caption(
        f"Showing {scene.items:,} of {scene.shown.total:,} listings, each as an image and a text. The map is the "
        "latent itself: two numbers. An outline holds the densest half of a kind; the "
        f"{named} most frequent of {every} kinds have one. "
        "Figures are of listings held out from training, at the newest frame. The circuit is not the reason for the "
        "difference: frozen, or with its classical twin in its place, the head separates kinds about as well "
        "(docs/first-minute.md)."
    )
