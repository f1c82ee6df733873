"""The augmented pictures that image trainings keep, without those of items that are flagged as severe."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from qlatent.services.runs.frames import items_of
from qlatent.store.workspace import Workspace

GREY = 224


def blank(workspace: Workspace, hashes: Collection[str]) -> None:
    """Make the kept views of these images grey, in every run."""
    for file in workspace.runs_path.glob("*/views/pictures.npz") if hashes else ():
        folder = workspace.run(file.parent.parent.name)
        views = folder.views("pictures")
        items = items_of(workspace, folder, views["rows"])
        gone = np.array([each["image_hash"] in hashes for each in items], dtype=bool)
        gone &= (views["first"] != GREY).any(axis=(1, 2, 3))
        if gone.any():
            for name in ("first", "second"):
                views[name][gone] = GREY
            folder.write_views("pictures", views)
