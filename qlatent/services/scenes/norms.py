"""The norms of the points of a scene against any colour of them: a column, the label, the density, …"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.services.scenes import colouring
from qlatent.services.scenes.colouring import Names
from qlatent.services.scenes.scenes import Scene
from qlatent.store.workspace import Workspace

DRAWN = 2_000  # points of a figure; the correlation is of all
CLASSES = 20  # the largest are listed
QUARTILES = (0.25, 0.5, 0.75)

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Against:
    """Norms against numbers, or the spread of norms in each class, for one modality."""

    modality: str
    values: Values  # (d,): of the drawn points; empty for classes
    norms: Values  # (d,)
    correlation: float  # Spearman's, of all points with both; NaN where it is undefined
    points: int  # with a norm and a value
    classes: (
        pd.DataFrame
    )  # `name`, `items`, and the norm's `quarter`, `middle`, `three_quarters`; the largest first


def against(workspace: Workspace, scene: Scene, by: str, *, frame: int) -> list[Against]:
    """The norms of a frame against the values of a colour `by`, for each modality in view.

    Points without a norm or a value are left out. A colour that the scene does not have raises `InputError`.
    """
    found = colouring.values(workspace, scene, by, frame=frame)
    given = np.asarray(found.values, dtype=object if isinstance(found, Names) else np.float64)
    given = given[min(frame, len(given) - 1)] if given.ndim == 2 else given
    parts = np.split(given, len(scene.modalities))
    norms = [np.asarray(scene.shown.norms[name][frame], dtype=np.float64) for name in scene.modalities]
    return [
        (_by_class if isinstance(found, Names) else _by_number)(name, each, norm)
        for name, each, norm in zip(scene.modalities, parts, norms, strict=True)
    ]


def _by_number(name: str, values: Values, norms: Values) -> Against:
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(norms))
    drawn = known[spacing.evenly(len(known), DRAWN)] if len(known) else known
    return Against(
        name, values[drawn], norms[drawn], _spearman(values[known], norms[known]), len(known), pd.DataFrame()
    )


def _spearman(values: Values, norms: Values) -> float:
    if len(values) < 3 or not np.ptp(values) or not np.ptp(norms):
        return float("nan")
    ranks = pd.DataFrame({"values": values, "norms": norms}).rank()
    return float(np.corrcoef(ranks["values"], ranks["norms"])[0, 1])


def _by_class(name: str, values: NDArray[np.object_], norms: Values) -> Against:
    table = pd.DataFrame({"name": values, "norm": norms})
    table = table[(table["name"] != "") & np.isfinite(table["norm"])]
    grouped = table.groupby("name", sort=False)["norm"]
    classes = grouped.quantile(list(QUARTILES)).unstack().reindex(columns=list(QUARTILES))
    classes.columns = pd.Index(["quarter", "middle", "three_quarters"])
    classes.insert(0, "items", grouped.size())
    largest = classes.sort_values("items", ascending=False, kind="stable").head(CLASSES).reset_index()
    return Against(name, np.zeros(0), np.zeros(0), float("nan"), len(table), largest)
