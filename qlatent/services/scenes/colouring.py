"""The values that can colour the points of a scene: norms, labels, columns, and what happens around each point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.errors import InputError, StoreError
from qlatent.layout.quantised import HIGHEST, LOWEST, NOWHERE
from qlatent.services.datasets import browsing, facts
from qlatent.services.runs.frame_changes import neighbourhood_change
from qlatent.services.scenes import losses
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections import collections, columns
from qlatent.services.selections.definitions import Kept
from qlatent.store.workspace import Workspace

COLLECTIONS = "collections"  # the key of the colour by collections, which a dataset may gain at any time
COLUMN = "column:"  # begins the key of a colour by a column
CELLS = {2: 192, 3: 64}  # along each axis of a plane or space, in which points are counted for their density
BELL = 1.5  # cells: the standard deviation of each point's bell
MOST_KINDS = 2_000  # distinct texts beyond which a column is free text
DAYS_A_YEAR = 365.2425
PARTS = ("training", "held out")
YES, NO = "yes", "no"
TRUTHS = dict.fromkeys(("true", "yes", "y", "1", "1.0"), YES) | dict.fromkeys(
    ("false", "no", "n", "0", "0.0"), NO
)
TRUTH_COLOURS = {
    YES: "#e69f00",
    NO: "#0072b2",
}  # of Okabe & Ito: told apart with every common kind of colour vision

Kind = Literal["norm", "label", "part", "modality", "change", "loss", "lost", "pair", "density"]
Points = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Numbers:
    """A number for each point, (m · n,), or for each frame and point, (F, m · n); NaN where there is none."""

    values: NDArray[np.floating]
    span: tuple[float, float] | None = None  # of the colours; None: 1st to 99th percentile


@dataclass(frozen=True, eq=False)
class Names:
    """A class for each point, (m · n,); "" where there is none."""

    values: Sequence[str]
    colours: Mapping[str, str] | None = None  # "#rrggbb" of each class; None: by how frequent it is


def offered(workspace: Workspace, scene: Scene, *, known: Iterable[str] | None = None) -> list[str]:
    """What can colour the points of a scene: the kinds that it has, then `COLUMN` with the name of each column.

    The columns are those `known`, by default all of `coloured`.
    """
    found = scene.shown
    heldout = np.asarray(found.heldout, dtype=bool)
    kinds: dict[str, bool] = {
        "label": any(found.labels),
        "norm": any(np.isfinite(each).any() for each in found.norms.values()),
        "modality": len(scene.modalities) > 1,
        "part": bool(heldout.any() and not heldout.all()),
        "change": bool(scene.source.run) and not scene.source.layout and scene.frames > 1 and not scene.tour,
        "loss": bool(scene.source.run),
        "lost": bool(scene.source.run) and scene.items > 1,
        "pair": bool(scene.source.run) and set(found.norms) >= losses.PAIR,
        "density": scene.items > 1,
    }
    names = coloured(workspace, scene) if known is None else known
    return [kind for kind, there in kinds.items() if there] + [COLUMN + each for each in names]


def telling(scene: Scene, kinds: Sequence[str], *, named: int) -> str:
    """The colour that tells most at first sight: the labels if `named` of them name most items, else the norm."""
    counts = Counter(label for label in scene.shown.labels if label).most_common(named)
    if "label" in kinds and len(counts) > 1 and sum(number for _, number in counts) > scene.items / 2:
        return "label"
    return "norm" if "norm" in kinds else next(iter(kinds), "")


def coloured(workspace: Workspace, scene: Scene) -> dict[str, bool]:
    """The columns of the dataset with values to colour by, and whether each says yes or no; none if it was removed."""
    try:
        table = workspace.items.table(scene.source.dataset, columns=["split", "metadata"]).to_pandas()
    except StoreError:
        return {}
    known = facts.columns(table.pop("metadata").tolist(), beside=browsing.COLUMNS)
    given = {str(name): each for name, each in pd.concat([table, known], axis=1).items()}
    return {name: _words_of_truth(each) is not None for name, each in given.items() if _colours(each)}


def _colours(values: pd.Series) -> bool:
    """Whether a column has values to tell apart; a mark on some items tells them from those without one."""
    given = values[columns.present(values)]
    kinds = given.nunique() if len(given) else 0
    if kinds == 1:
        marks = facts.kind(values) == "text" or _words_of_truth(values) is not None
        return marks and len(given) < len(values)
    if facts.kind(values) == "text":
        return 1 < kinds <= min(MOST_KINDS, max(20, len(given) // 2))
    return kinds > 1


def _words_of_truth(values: pd.Series) -> dict[str, str] | None:
    """ "yes" or "no" for each value, as text, of a column that holds nothing else; None for other columns."""
    given = values[columns.present(values)].unique()
    if not 0 < len(given) <= len(TRUTHS):
        return None
    return TRUTHS if {str(each).lower() for each in given} <= set(TRUTHS) else None


def values(workspace: Workspace, scene: Scene, by: str, *, frame: int) -> Numbers | Names:
    """The values of one colour; `frame` is the shown one, which the density and the change since the first depend on.

    A colour that the scene does not have raises `InputError`.
    """
    found, modalities = scene.shown, scene.modalities
    if by.startswith(COLUMN):
        return _column(workspace, scene, by.removeprefix(COLUMN))
    if by == "label":
        return Names(list(found.labels) * len(modalities))
    if by == "modality":
        return Names([name for name in modalities for _ in range(scene.items)])
    if by == "part":
        parts = [PARTS[bool(each)] for each in found.heldout]
        return Names(parts * len(modalities))
    if by == "norm":
        return _norms(scene)
    if by == "density":
        return Numbers(density(scene, frame), (0.0, 1.0))
    if by == "loss":
        shares = losses.own_shares(workspace, scene)
        return Numbers(np.full(scene.points, np.nan) if shares is None else shares)
    if by == "lost":
        return Numbers(losses.distances_lost(workspace, scene, frame), (0.0, 1.0))
    if by == "pair":
        return Numbers(losses.pair_change(workspace, scene))
    if by == COLLECTIONS:
        return Names(in_collections(workspace, scene) * len(modalities))
    if by == "change":
        return Numbers(change(workspace, scene, frame), (0.0, 1.0))
    raise InputError(f"Points cannot be coloured by {by!r}.", remedy="Choose another colour.")


def collections_state(workspace: Workspace, dataset: str) -> str:
    """What changes with the collections of a dataset; "" while it has none. No item is read for it."""
    found = [each for each in workspace.catalogue.collections.all() if each.dataset_id == dataset]
    return repr(found) if found else ""


def in_collections(workspace: Workspace, scene: Scene) -> list[str]:
    """The names of the collections that hold each item, "" for none."""
    dataset = scene.source.dataset
    held: list[list[str]] = [[] for _ in range(scene.items)]
    kept = [each for each in workspace.catalogue.collections.all() if each.dataset_id == dataset]
    for each in kept:
        rows = collections.selected(workspace, dataset, Kept(collection=each.id))
        for place in np.flatnonzero(np.isin(scene.rows, rows)).tolist():
            held[place].append(each.name)
    return [" + ".join(names) for names in held]


def _norms(scene: Scene) -> Numbers:
    """Norms in every frame. Of two modalities each is shown within its own range of the whole run, from 0 to 1."""
    found, (first, *others) = scene.shown, scene.modalities
    frames = slice(-1 if scene.tour else 0, None)  # of a tour all are alike
    if not others:
        norms = found.norms[first][frames]
        return Numbers(norms[0] if scene.tour else norms, found.norm_ranges[first])
    shares = []
    for name in scene.modalities:
        low, high = found.norm_ranges[name]
        shares.append((found.norms[name][frames] - low) / ((high - low) or 1.0))
    both = np.concatenate(shares, axis=1)
    return Numbers(both[0] if scene.tour else both, (0.0, 1.0))


def _column(workspace: Workspace, scene: Scene, name: str) -> Numbers | Names:
    given = columns.values_of(workspace, scene.source.dataset, name)
    taken, times = given.take(scene.rows), len(scene.modalities)
    kind, truths = facts.kind(given), _words_of_truth(given)
    if truths:
        said = [truths.get(str(each).lower(), "") for each in taken]
        return Names(said * times, TRUTH_COLOURS)
    if kind == "number":
        return Numbers(np.tile(taken.to_numpy(dtype=np.float64, na_value=np.nan), times))
    if kind == "date":
        return Numbers(np.tile(_years(taken), times))
    words = ["" if each is None or each is pd.NA or each != each else str(each) for each in taken]
    return Names(words * times)


def _years(dates: pd.Series) -> NDArray[np.float64]:
    """Dates as years with a fraction; NaN where there is none."""
    days: pd.Series = (pd.to_datetime(dates, utc=True) - pd.Timestamp("1970-01-01", tz="UTC")) / pd.Timedelta(
        days=1
    )
    return np.asarray(days, dtype=np.float64) / DAYS_A_YEAR + 1970.0


def density(scene: Scene, frame: int) -> NDArray[np.float64]:
    """How crowded a frame is around each point: the share of points with fewer around, 0 to 1; NaN without a place.

    Points are counted in cells of the map and smoothed by a Gaussian bell of `BELL` cells.
    """
    from scipy.ndimage import gaussian_filter

    placed = scene.positions.placed(frame)
    at = scene.positions.values[frame][placed].astype(np.int64)  # (k, c)
    axes = at.shape[1]
    cells = tuple(((at - NOWHERE) * CELLS[axes] // (HIGHEST - LOWEST + 2)).T)
    grid = np.zeros((CELLS[axes],) * axes, dtype=np.float32)
    np.add.at(grid, cells, 1.0)
    around = gaussian_filter(grid, BELL, mode="constant")[cells]
    found = np.full(scene.points, np.nan)
    found[placed] = np.searchsorted(np.sort(around), around) / max(len(around) - 1, 1)
    return found


def change(workspace: Workspace, scene: Scene, frame: int) -> NDArray[np.float64]:
    """The share of each point's 10 nearest in the latents, of its modality, that were not so in the first frame."""
    run = scene.source.run
    return np.concatenate(
        [neighbourhood_change(workspace, run, name, frames=(0, frame)) for name in scene.modalities]
    )
