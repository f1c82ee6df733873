"""Part of the page Explore: the present map as a step of a lesson."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from qlatent.services.lessons.drafts import drafting
from qlatent.services.lessons.drafts.drafting import Draft
from qlatent.services.lessons.drafts.drafting import Shown as Of
from qlatent.services.scenes import scenes
from qlatent.ui.drafts import button
from qlatent.ui.explore import addresses, beside
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.source import Looked
from qlatent.ui.shell import page, url_state

KEPT_OUT = {
    addresses.CAMERA: "the camera",
    addresses.HIDDEN: "hidden classes",
    addresses.PINNED: "pinned points",
    addresses.RANGE: "the range of the colours",
    addresses.CLASSES: "own colours of classes",
    addresses.NORM: "the norm as radius or axis",
    addresses.LINES: "lines over the map",
    addresses.WITH: "the other dataset on the map",
}


def use(looked: Looked, shown: Shown) -> None:
    """Draw the button that makes a step of the map."""
    button.button({"Map": partial(_draft, looked, shown)}, key="explore")


def _draft(looked: Looked, shown: Shown) -> Draft:
    workspace, others = (
        page.workspace(),
        (each for each in beside.entries() if each.kind in ("run", "vectors")),
    )
    return drafting.of_map(
        workspace,
        Of(looked.run.id) if looked.run else Of(dataset=looked.dataset, encoder=looked.encoder),
        _state(shown),
        beside=[
            Of(each.key) if each.kind == "run" else Of(dataset=looked.dataset, encoder=each.key)
            for each in others
        ],
        remarks=_left_out(shown),
    )


def _state(shown: Shown) -> drafting.State:
    scene, row = shown.named.scene, url_state.number(addresses.ROW)
    other = url_state.get(addresses.LAYOUT) or scene.tour  # whose frames are none of training
    item = ""
    if row is not None and row in scene.rows:
        item = str(scenes.items(page.workspace(), scene.source, [row])[0]["id"])
    frame = -1 if other or shown.frame == scene.frames - 1 else shown.frame
    return drafting.State(frame, scene.shown.view, shown.colour, item)


def _left_out(shown: Shown) -> Iterator[str]:
    """What the map has and a step does not, in sentences."""
    scene = shown.named.scene
    if url_state.get(addresses.LAYOUT):
        yield "Lessons have no figure for a stored layout such as UMAP: the step shows the fixed axes instead."
    if scene.tour:
        yield "Lessons have no figure for a tour: the step shows the fixed axes instead."
    if any(each.kind in ("frame", "layout") for each in beside.entries()):
        yield "Frames and layouts beside the map are left out: a step has maps of two runs side by side."
    names = [said for name, said in KEPT_OUT.items() if url_state.get(name)]
    if shown.selected is not None:
        names.append("the selection")
    if scene.shown.dimensions > 2 and not url_state.get(addresses.LAYOUT):
        names.append("the third dimension")
    if url_state.get(addresses.BASIS) == "last":
        names.append("axes from the last frame")
    if names:
        yield f"A step does not keep {', '.join(names)}."
