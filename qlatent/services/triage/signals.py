"""What is known of the items of a dataset before any decision: latents, and columns that may speak for a bad one.

Each column is a `surprise`: how few items have as large a value. Columns whose role is hidden are never read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.datasets import browsing, coded, facts, roles
from qlatent.services.datasets.coded import Column, Texts
from qlatent.services.heads import kept_heads
from qlatent.services.search import models, neighbours, stored_vectors
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.services.triage import duplicates
from qlatent.services.triage.duplicates import Found
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.triage import axes, likeness, scoring
from qlatent.triage.axes import Axes
from qlatent.triage.duplicates.texts import Trigrams
from qlatent.triage.ordering import Signals
from qlatent.types import Arrays

AXES = 64  # principal axes of wider vectors, so that a model of them is learned at once
COMPARED = 20_000  # items up to which all are compared with all
FEW_VALUES = 12  # of a column of texts that the model learns from
NEVER = ("split",)

Floats = NDArray[np.float64]
Near = tuple[tuple[float, Found], ...]


@dataclass(frozen=True)
class Basis:
    """By what items are compared: the latents of a kept head, or vectors on their first principal axes."""

    encoder: str = ""  # key; "" for the only one
    head: str = ""  # id, name or run of a kept head; "" for vectors
    axes: int = AXES  # of vectors; 0 for all their numbers
    columns: bool = True  # whether the model also learns from what is beside the latents


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a model of n items may learn from, in row order."""

    axes: Mapping[str, Axes]  # modality → how its vectors become latents
    learned: Floats  # (n, d + c) what the model reads: latents, the modalities beside each other, and columns
    titles: tuple[str, ...]  # (c,) of the columns
    signals: Signals
    near: Near = ()  # near-duplicates that were found before, each after its usual threshold

    @property
    def width(self) -> int:
        """How many numbers the latents have, d."""
        return sum(each.directions.shape[1] for each in self.axes.values())

    @property
    def latents(self) -> Floats:
        """The latents (n, d); 0 in place of those of a modality that an item does not have."""
        return self.learned[:, : self.width]

    @property
    def columns(self) -> Floats:
        """The columns beside the latents (n, c)."""
        return self.learned[:, self.width :]

    def places(self) -> Iterator[Floats]:
        """The latents (n, k) of each modality."""
        first = 0
        for each in self.axes.values():
            last = first + each.directions.shape[1]
            yield self.learned[:, first:last]
            first = last


def evidence(
    workspace: Workspace, dataset: str, basis: Basis, *, leave_out: Collection[str] = ()
) -> Evidence:
    """What is known of all items of a dataset; columns whose role is hidden are never read.

    Neither are those in `leave_out`, such as known labels. The columns with the roles date, seller and risk are the
    item's age, who is not compared with himself, and the order by a column. A head of another encoder and a dataset
    without vectors raise `InputError`.
    """
    now = stored_vectors.now(workspace, dataset)
    known = tuple(sorted(roles.roles(workspace, dataset).items()))
    near = duplicates.stored(workspace, dataset, basis.encoder)
    return _evidence(workspace, dataset, basis, tuple(sorted(leave_out)), known, now, near)


@lru_cache(maxsize=2)
def _evidence(
    workspace: Workspace, dataset: str, basis: Basis, leave_out: tuple[str, ...],
    of_columns: tuple[tuple[str, str], ...], now: tuple[int, str], near: Near,
) -> Evidence:  # fmt: skip
    places = places_of(workspace, dataset, basis)
    columns = coded.columns_of(workspace, dataset)
    known = dict(of_columns)
    left_out = {*leave_out, *NEVER, *(name for name, role in known.items() if role == roles.HIDDEN)}
    return of_arrays(
        places, {name: each for name, each in columns.items() if name not in left_out},
        texts=browsing.texts(workspace, dataset, range(workspace.items.count(dataset))),
        most=basis.axes, beside=basis.columns, near=near, date=roles.having(known, "date"),
        seller=roles.having(known, "seller"), risk=roles.having(known, "risk"),
    )  # fmt: skip


def places_of(workspace: Workspace, dataset: str, basis: Basis) -> Arrays:
    """Latents or vectors by modality (n, k), NaN where an item has none."""
    view = kept_heads.find(workspace, basis.head) if basis.head else None
    key = basis.encoder or stored.choose(workspace, dataset, preferred=view.encoder if view else "")
    spaces = {name: InputSpace(dataset, key, name) for name in stored_vectors.widths(workspace, dataset, key)}
    if view is None:
        return {name: np.asarray(stored_vectors.of(workspace, space)) for name, space in spaces.items()}
    _, reads = models.metric(workspace, view.id)
    if not spaces.keys() & set(reads):
        raise InputError(
            f"The head {view.name!r} reads {' and '.join(reads)}, and {dataset!r} has no such vectors.",
            remedy="Choose another head.",
        )
    return {
        name: neighbours.latents(workspace, view.id, space) for name, space in spaces.items() if name in reads
    }


def of_arrays(
    places: Arrays,
    columns: Mapping[str, Column],
    *,
    texts: Sequence[str] = (),
    most: int = AXES,
    beside: bool = True,
    date: str | None = None,
    seller: str | None = None,
    risk: str | None = None,
    near: Near = (),
) -> Evidence:
    """The evidence of n items from their latents or vectors by modality, their typed columns, and their texts.

    `date` names the column of their age, else the first of dates, and `risk` an imported column of risks. With a
    column `seller` of texts, an item repeats only what another seller had before: a shop's own goods are alike anyway.
    """
    count = len(next(iter(places.values())))
    days = _days({date: columns[date]} if date is not None and date in columns else columns)
    age = np.arange(count, dtype=np.float64) if days is None else days
    apart = disagreement(places)
    found: dict[str, Floats] = {} if apart is None else {"image and text disagree": scoring.surprise(apart)}
    fitted = {name: _share(points, most, len(places)) for name, points in places.items()}
    latents = np.hstack([each.of(places[name]) for name, each in fitted.items()])
    group = None
    if count <= COMPARED:
        sold = columns.get(seller or "")
        sellers = sold.codes if isinstance(sold, Texts) and len(sold.values) > 1 else None
        whose = "" if sellers is None else " of another seller"
        for name, points in places.items():
            seen = likeness.compared(points, age, seller=sellers)
            found[f"{name} is like an earlier one{whose}"] = scoring.surprise(seen.earlier)
            group = seen.group if group is None else np.fmax(group, seen.group)
        if any(texts):
            words = likeness.repeats(Trigrams(texts), age, seller=sellers)
            found[f"words repeat an earlier text{whose}"] = scoring.surprise(words.earlier)
            found["words repeat it more than others do"] = scoring.surprise(words.lead)
        around = likeness.compared(latents, age).near
        for name, column in _numbers(columns).items():
            found[f"{name} is unusual among similar items"] = scoring.surprise(
                likeness.unusual(column, around)
            )
    if near:
        group = np.fmax.reduce([pairs.sizes(threshold) for threshold, pairs in near])
    found |= _typed(columns)
    if not beside:
        found = {}
    risks = _numbers(columns).get(risk or "")
    signals = Signals(count, disagreement=apart, cluster=group, column=risks, date=days)
    return Evidence(fitted, np.column_stack([latents, *found.values()]), tuple(found), signals, near)


def _share(points: NDArray[np.float32], most: int, modalities: int) -> Axes:
    """The axes of one of some modalities, each of which has an equal share of the latents."""
    found = axes.fitted(points, most=most)
    return replace(found, directions=found.directions / np.sqrt(modalities))


def disagreement(places: Arrays) -> Floats | None:
    """One minus the cosine of image and text (n,), each about the mean of its modality, NaN where one is missing.

    The means are taken off, since images lie apart from texts as a whole (Liang et al. 2022, "Mind the gap"). None
    without two modalities of equal width.
    """
    if len({each.shape[1] for each in places.values()}) != 1 or len(places) < 2:
        return None
    first, second = (likeness.directions(each) for each in places.values())
    known = first.any(axis=1) & second.any(axis=1)
    return np.where(known, 1.0 - (first * second).sum(axis=1, dtype=np.float64), np.nan)


def _numbers(columns: Mapping[str, Column]) -> dict[str, Floats]:
    return {
        name: np.asarray(each.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))
        for name, each in columns.items()
        if not isinstance(each, Texts) and facts.kind(each) == "number"
    }


def _typed(columns: Mapping[str, Column]) -> dict[str, Floats]:
    """Numbers as surprises of large and of small values; truth values and texts of few values as 0 and 1."""
    found: dict[str, Floats] = {}
    for name, values in _numbers(columns).items():
        found[f"{name} is large"] = scoring.surprise(values)
        found[f"{name} is small"] = scoring.surprise(-values)
    for name, column in columns.items():
        if isinstance(column, Texts):
            if 1 < len(column.values) <= FEW_VALUES:
                for place, value in enumerate(column.values.to_pylist()):
                    found[f"{name} is {value}"] = (column.codes == place).astype(np.float64)
        elif facts.kind(column) == "truth value":
            found[f"{name} is true"] = column.fillna(False).to_numpy(dtype=np.float64)
    return found


def _days(columns: Mapping[str, Column]) -> Floats | None:
    """The first column of dates in days, NaN where missing."""
    for column in columns.values():
        if isinstance(column, pd.Series) and facts.kind(column) == "date":
            days = (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(days=1)
            return np.asarray(days.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))
    return None
