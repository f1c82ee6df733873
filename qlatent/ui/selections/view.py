"""What the map of a page shows, as the panels beside it are told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.services.scenes.scenes import Scene


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """What a page's map shows now; a panel beside the map is `panel(page, view)`."""

    dataset: str
    """The dataset's id."""
    version: int
    """The dataset's version that the map is of: the run's, else the newest."""
    encoder: str
    """The key of the vectors below the map: those that the run was trained on, or that are drawn."""
    run: str = ""
    """The run's id; empty for vectors before any head."""
    layout: str = ""
    """The id of the stored layout; empty for the fixed plane."""
    modality: str = ""
    """One modality (`image`, `text` or `vector`), `both`, or `laid`: both with their means on each other."""
    rows: NDArray[np.int64]
    """Dataset rows (n,) of the items on the map, sorted; one modality or two are drawn of each."""
    frame: int = 0
    """The number of the run's frame that is shown, from 0; always 0 without a run."""
    scene: Scene | None = None
    """The points that are drawn, of all frames."""
    name: str = ""
    """The name that caches know the scene by."""
    shown: int = 0
    """The shown frame of the scene: of a run or layout a state, of a tour a plane."""
