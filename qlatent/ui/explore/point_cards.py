"""The card of a point under the pointer; the server asks for it in a thread, where Streamlit is not."""

from __future__ import annotations

import math
from collections.abc import Callable

from qlatent.services.datasets import browsing, pictures
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene, Source
from qlatent.services.workspaces import Workspace
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.latent_map.point_map import Card, Cards
from qlatent.ui.shell.formatting import cut

TEXT = 240
KEPT = 2_000


def cards(workspace: Workspace, shown: Named, frame: int) -> Cards:
    """The cards of a scene's points, with the norms of a frame."""
    scene = shown.scene
    return Cards(
        f"{shown.name} {frame}", _reader(workspace, scene, frame), pictures="image" in scene.modalities
    )


def _reader(workspace: Workspace, scene: Scene, frame: int) -> Callable[[int], Card]:
    def read(row: int) -> Card:
        return card(workspace, scene.source, row)

    of_row = pictures.remembered(workspace, read, most=KEPT)
    norm = norms(scene, frame)

    def of_point(point: int) -> Card:
        found = of_row(scene.row_of(point))
        return Card(found.text, found.label, norm(point), found.image)

    return of_point


def norms(scene: Scene, frame: int) -> Callable[[int], float | None]:
    """A function from a point to its norm in a frame; None where it has none."""

    def norm(point: int) -> float | None:
        found = float(scene.shown.norms[scene.modality_of(point)][frame, point % scene.items])
        return found if math.isfinite(found) else None

    return norm


def card(workspace: Workspace, source: Source, row: int) -> Card:
    """The card of a row, without a norm."""
    (item,) = scenes.items(workspace, source, [row])
    image = browsing.thumbnails(workspace, [item["image_hash"]]) if item["image_hash"] else {}
    text = item["text"] or item["id"]
    return Card(cut(text, limit=TEXT), item["label"] or "", None, next(iter(image.values()), None))
