"""The map of the ways that items go from stage to stage, with ellipses by the shots and a card for each item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.plots.colours import STAGES
from qlatent.services.datasets import browsing, pictures
from qlatent.services.hardware import placing
from qlatent.services.hardware.placing import Placed
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Source
from qlatent.ui.latent_map.point_map import Card, Cards, Classes, Contour, PointMap, Ramp, classes, ramp
from qlatent.ui.latent_map.point_map.spec import State
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import cut

RING = "#7d8294"
TEXT, TOP = 240, 20


@dataclass(frozen=True, eq=False)
class Ways:
    """The places of m items as they are drawn now."""

    found: Placed
    rows: NDArray[np.int64]  # (m,): dataset rows
    source: Source  # of the items
    name: str  # tells the map from others
    picked: NDArray[np.bool_] | None = None  # (m,)
    colour: str = "moved"  # or "label"
    rings: bool = True  # whether ellipses are drawn
    opened: int | None = None  # place of the open item among the m

    @property
    def last(self) -> int:
        """The number of the last stage."""
        return len(self.found.stages) - 1


def spec(
    ways: Ways,
    drawn: NDArray[np.int64],
    *,
    title: str,
    frame: int | None = None,
    camera: Mapping[str, float] | None = None,
    reports: tuple[State, ...] = (),
) -> PointMap:
    """All stages as the frames of one map, with arrows of the items `drawn` from each stage to the next."""
    stages = range(1, ways.last + 1)
    lines = [
        Contour(placing.arrows(ways.found, drawn, stage=stage), colour=STAGES[stage - 1]) for stage in stages
    ]
    lines += [each for stage in stages for each in rings(ways, drawn, stage=stage, frame=stage)]
    return PointMap(
        ways.found.positions, colours=colours(ways), selection=ways.picked, cards=cards(ways), contours=lines,
        camera=camera, frame=frame, whole=True, labels=ways.found.stages, opened=ways.opened, title=title,
        reports=reports,
    )  # fmt: skip


def rings(ways: Ways, drawn: NDArray[np.int64], *, stage: int, frame: int | None) -> list[Contour]:
    """The ellipses of a stage, drawn in one frame or (None) in all; the exact stage has none."""
    lines = placing.ellipses(ways.found, drawn, stage=stage) if ways.rings else []
    return [Contour(lines, colour=RING, frame=frame)] if lines else []


def colours(ways: Ways) -> Ramp | Classes:
    """The colours of the points: by label, or by how far each has moved."""
    if ways.colour == "label":
        return classes(ways.found.labels, label="Label", top=TOP)
    return ramp(
        ways.found.moved, label="Distance from the exact latent", name="plasma",
        help="Euclidean distance between the latent by this job and the exact one, in all dimensions.",
    )  # fmt: skip


def cards(ways: Ways) -> Cards:
    """What is shown beside a point; the server asks for it in a thread, where Streamlit is not."""
    workspace, found, rows, source = page.workspace(), ways.found, ways.rows, ways.source

    def of_point(point: int) -> Card:
        (item,) = scenes.items(workspace, source, [int(rows[point])])
        image = browsing.thumbnails(workspace, [item["image_hash"]]) if item["image_hash"] else {}
        text = cut(item["text"] or item["id"], limit=TEXT)
        said = f"{text}\nmoved by {found.moved[point]:.3f}"
        return Card(said, item["label"] or "", None, next(iter(image.values()), None))

    kept = pictures.remembered(workspace, of_point, most=len(rows))
    return Cards(f"{workspace.path} {ways.name} {' '.join(found.stages)}", kept)
