"""Draw the vectors of a dataset in the plane of their principal axes, before any head is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths, spacing
from qlatent.errors import InputError
from qlatent.layout.norm_view import NormView, norm_view
from qlatent.layout.plane import Moments, Plane, align, plane
from qlatent.services.runs import map_views
from qlatent.services.runs.frames import Outline
from qlatent.services.vectors import stored
from qlatent.store.items.search_indexes import SearchIndexes
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

SAMPLED = 50_000  # rows of a modality from which the axes are found; all are drawn
AT_ONCE = 65_536  # rows
FEW = 4_000  # rows by which the view is chosen
_KEPT = 4  # maps in memory: of a million items, 20 MB each

Floats = NDArray[np.floating]
Mapped = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class VectorMap:
    """The vectors of n items on one map; NaN where an item has none of a modality."""

    rows: NDArray[np.int64]  # (n,), ascending: those with a vector of a modality in view
    places: Arrays  # modality in view → (n, c) float32
    norms: Arrays  # every modality → (n,) float32
    view: str
    views: tuple[str, ...]
    size: int  # numbers in a vector
    explained: float  # share of the variance that the map shows
    stretch: float  # how long a norm of 1 is on the map, where places show it
    left_out: int  # rows of the dataset without a vector in view


def vector_map(
    workspace: Workspace,
    dataset: str,
    encoder: str,
    *,
    view: str = "",
    dimensions: int = 2,
    norm: NormView = "",
    version: int | None = None,
) -> VectorMap:
    """The map of a dataset's vectors by an encoder; without `view` the one that shows the structure.

    Axes are the principal ones of the modalities in view, of at most `SAMPLED` rows each, evenly spaced. Vectors of
    different widths have no common map. An encoder without vectors or an unknown view raises `InputError`.

    It is kept until the vectors change, since each lasso asks for it again; its arrays are not writable.
    """
    state = SearchIndexes(workspace.items.path).state()
    version = workspace.items.version(dataset) if version is None else version
    return _made(workspace, state, _Asked(dataset, encoder, view, dimensions, norm, version))


class _Asked(NamedTuple):
    """A map that is asked for."""

    dataset: str
    encoder: str
    view: str
    dimensions: int
    norm: NormView
    version: int


@lru_cache(maxsize=_KEPT)
def _made(workspace: Workspace, state: str, asked: _Asked) -> VectorMap:
    """The map of the vectors in this state."""
    found = _mapped(workspace, asked.dataset, asked.encoder, asked.version)
    view, views = asked.view, _views(found)
    if not view:  # a lasso on this map names its view
        return _made(workspace, state, asked._replace(view=_default(found, views)))
    if view not in views:
        raise InputError(
            f"There is no view called {view!r} of these vectors.", remedy=f"Use {', '.join(views)}."
        )
    shown = {name: found[name] for name in map_views.shown(view, tuple(found))}
    masks = {name: _known(each) for name, each in shown.items()}
    rows = np.flatnonzero(np.any(list(masks.values()), axis=0)).astype(np.int64)
    flat = _plane(shown, masks, laid=view == map_views.LAID, dimensions=asked.dimensions)
    places = {name: _drawn(each, rows, flat) for name, each in shown.items()}
    if view == map_views.LAID:
        places = {
            name: each - np.nanmean(each, axis=0, dtype=np.float64).astype(np.float32)
            for name, each in places.items()
        }
    norms = {name: _norms(each, rows) for name, each in found.items()}
    places, stretch = norm_view(places, norms, asked.norm)
    for each in (*places.values(), *norms.values()):
        each.flags.writeable = False
    rows.flags.writeable = False
    return VectorMap(
        rows, places, norms, view=view, views=views, size=next(iter(shown.values())).shape[1],
        explained=float(flat.explained[0]), stretch=stretch,
        left_out=len(next(iter(found.values()))) - len(rows),
    )  # fmt: skip


def outline(workspace: Workspace, dataset: str, encoder: str) -> Outline:
    """What maps of these vectors there can be, known without drawing one."""
    found = _mapped(workspace, dataset, encoder, None)
    views = _views(found)
    default = _default(found, views)
    return Outline(found[map_views.shown(default, tuple(found))[0]].shape[1], views, default)


def sample(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Vectors of these rows, with NaN for those that have no direction."""
    taken = np.asarray(vectors[rows], dtype=np.float32)
    taken[~stored.whole(taken)] = np.nan
    return taken


def _mapped(workspace: Workspace, dataset: str, encoder: str, version: int | None) -> Mapped:
    return {
        name: stored.mapped(workspace, dataset, encoder, name, version=version)
        for name in stored.widths(workspace, dataset, encoder)
    }


def _views(found: Mapped) -> tuple[str, ...]:
    alike = len({each.shape[1] for each in found.values()}) == 1
    return map_views.views(tuple(found)) if alike else tuple(found)


def _default(found: Mapped, views: tuple[str, ...]) -> str:
    if map_views.BOTH not in views:
        return views[0]
    few = spacing.evenly(len(next(iter(found.values()))), FEW)
    return map_views.default_view({name: sample(each, few) for name, each in found.items()})


def _known(vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.concatenate([stored.whole(each) for each in _blocks(vectors)] or [np.zeros(0, dtype=np.bool_)])


def _blocks(vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for first in range(0, len(vectors), AT_ONCE):
        yield np.asarray(vectors[first : first + AT_ONCE])


def _plane(shown: Mapped, masks: Mapping[str, NDArray[np.bool_]], *, laid: bool, dimensions: int) -> Plane:
    """The plane through the sampled points; with `laid`, of each modality about its own mean."""
    moments = []
    for name, vectors in shown.items():
        known = np.flatnonzero(masks[name])
        chosen = known[spacing.evenly(len(known), SAMPLED)] if len(known) else known
        (each,) = align([np.asarray(vectors[chosen], dtype=np.float32)]).moments
        moments.append(Moments(each.count, np.zeros_like(each.mean), each.scatter) if laid else each)
    return plane([sum(moments[1:], moments[0])], dimensions=dimensions)


def _drawn(vectors: NDArray[np.float32], rows: NDArray[np.int64], flat: Plane) -> NDArray[np.float32]:
    places = np.empty((len(rows), flat.axes.shape[1]), dtype=np.float32)
    axes, middle = flat.axes.astype(np.float32), flat.mean @ flat.axes
    for first in range(0, len(rows), AT_ONCE):
        block = sample(vectors, rows[first : first + AT_ONCE])
        places[first : first + AT_ONCE] = block @ axes - middle
    return places


def _norms(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    found = np.empty(len(rows), dtype=np.float32)
    for first in range(0, len(rows), AT_ONCE):
        found[first : first + AT_ONCE] = lengths.lengths(sample(vectors, rows[first : first + AT_ONCE]))
    return found
