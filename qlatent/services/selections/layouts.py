"""The points of a stored layout, for what is selected on its map."""

from __future__ import annotations

from qlatent.errors import InputError
from qlatent.services.layouts import layouts
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.selections.definitions import DrawnMap
from qlatent.services.selections.maps import Points
from qlatent.services.selections.selections import check_present
from qlatent.store.workspace import Workspace


def of_layout(workspace: Workspace, dataset: str, on: DrawnMap) -> Points:
    """The points of a stored layout; a removed layout or an unknown frame or view raises an error that says so."""
    found = _read(workspace, on.layout)
    if on.frame >= len(found.frames):
        raise InputError(f"Layout {on.layout} has no frame {on.frame}; it has {len(found.frames)}.")
    if on.view not in ("", found.modality):
        raise InputError(f"Layout {on.layout} shows {found.modality!r}, not {on.view!r}.")
    if len(on.low) != found.places.shape[1]:
        raise InputError(f"Layout {on.layout} has {found.places.shape[1]} dimensions, not {len(on.low)}.")
    return Points(found.dataset, found.rows, {found.modality: found.frames[on.frame]})


def _read(workspace: Workspace, layout: str) -> StoredLayout:
    check_present(workspace, "run", layout)
    return layouts.read(workspace, layout)
