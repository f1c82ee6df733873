"""One item of a run's probe set at one frame: its norm, text and neighbours before and after compression."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.services.runs.frames import items_of
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Neighbour:
    """A neighbour of an item; `shared` if it is one before and after compression."""

    row: int
    id: str
    label: str
    text: str
    image: str | None
    distance: float
    shared: bool


@dataclass(frozen=True)
class ItemDetail:
    """One item at one frame; its neighbours are items of the same modality in the probe set, nearest first."""

    row: int
    id: str
    label: str
    text: str
    image: str | None
    heldout: bool
    step: int
    norms: dict[str, float]
    pair_distance: tuple[float, float] | None  # image–text distance d_x before and d_z after compression
    before: dict[str, list[Neighbour]]  # modality → k nearest neighbours in the input space
    after: dict[str, list[Neighbour]]  # the same in the latent space of the frame


def item_detail(workspace: Workspace, run_id: str, row: int, frame: int, *, k: int = 10) -> ItemDetail:
    """The item of dataset row `row` at frame number `frame`: its norm, text and neighbours.

    A row outside the probe set or an unknown frame raises `InputError`.
    """
    folder = workspace.run(run_id)
    steps = folder.snapshot_steps()
    if not 0 <= frame < len(steps):
        raise InputError(f"Run {run_id} has no frame {frame}; it has {len(steps)}.")
    probe = folder.probe()
    places = np.flatnonzero(probe["rows"] == row)
    if not len(places):
        raise InputError(f"Row {row} is not on the map.", remedy="Choose a point of the map.")
    place = int(places[0])
    latents = folder.snapshot(steps[frame])
    inputs = {name: probe[f"input_{name}"] for name in latents}
    near = {name: _nearest(inputs[name], latents[name], place, k=k) for name in latents}
    wanted = sorted({place} | {each for pair in near.values() for side in pair for each, _ in side})
    items = dict(zip(wanted, items_of(workspace, folder, probe["rows"][wanted]), strict=True))
    own = items[place]
    return ItemDetail(
        row=row,
        id=own["id"],
        label=own["label"] or "",
        text=own["text"] or "",
        image=own["image_hash"],
        heldout=bool(probe["heldout"][place]),
        step=steps[frame],
        norms={name: float(lengths.lengths(each[place])) for name, each in latents.items()},
        pair_distance=_pair_distance(inputs, latents, place),
        before={name: _neighbours(items, probe["rows"], *pair) for name, pair in near.items()},
        after={name: _neighbours(items, probe["rows"], *pair[::-1]) for name, pair in near.items()},
    )


Ranked = list[tuple[int, float]]  # index in the probe set, distance


def _nearest(inputs: Floats, latents: Floats, place: int, *, k: int) -> tuple[Ranked, Ranked]:
    """The k nearest neighbours of one point before and after compression."""
    return _ranked(inputs, place, k=k), _ranked(latents, place, k=k)


def _ranked(points: Floats, place: int, *, k: int) -> Ranked:
    distances = lengths.lengths(points.astype(np.float64) - points[place])
    distances[place] = np.nan
    order = np.argsort(distances, kind="stable")[: int(np.isfinite(distances).sum())][
        :k
    ]  # NaN is sorted last
    return [(int(each), float(distances[each])) for each in order]


def _neighbours(
    items: Mapping[int, dict[str, Any]], rows: NDArray[np.int64], these: Ranked, others: Ranked
) -> list[Neighbour]:
    also = {place for place, _ in others}
    return [
        Neighbour(
            row=int(rows[place]),
            id=items[place]["id"],
            label=items[place]["label"] or "",
            text=items[place]["text"] or "",
            image=items[place]["image_hash"],
            distance=distance,
            shared=place in also,
        )
        for place, distance in these
    ]


def _pair_distance(inputs: Arrays, latents: Arrays, place: int) -> tuple[float, float] | None:
    if not {"image", "text"} <= set(latents):
        return None
    before, after = (
        lengths.lengths(each["image"][place] - each["text"][place]) for each in (inputs, latents)
    )
    return float(before), float(after)
