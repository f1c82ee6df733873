"""Near-duplicates of a dataset: pairs found once, by a run where that takes long, and groups of any threshold.

A threshold is the largest distance: of pictures the bits of 64 in which their hashes differ, of texts and vectors
1 - cosine, of a run's latents their Euclidean distance.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import AbsentError, InputError
from qlatent.services.runs import listing, queue
from qlatent.services.runs.job import Job
from qlatent.services.runs.specs import DuplicateSearch, expected
from qlatent.services.triage import compared as reading
from qlatent.services.triage.compared import By, Compared
from qlatent.settings import settings
from qlatent.store.items.near_duplicates import NearDuplicates
from qlatent.store.workspace import Workspace
from qlatent.triage.duplicates import groups as grouping
from qlatent.triage.duplicates import images, texts, vectors
from qlatent.triage.duplicates.groups import Groups, Merges
from qlatent.triage.duplicates.pairs import Pairs, near
from qlatent.types import MODALITIES, Arrays, Cancelled, Progress

USUAL: dict[By, float] = {"image": images.USUAL, "text": texts.USUAL, "vector": vectors.USUAL}
WIDEST: dict[By, float] = {"image": images.WIDEST, "text": texts.WIDEST, "vector": vectors.WIDEST}
AT_ONCE: dict[By, int] = {"image": 1_000, "text": 5_000, "vector": 20_000}
"""Items up to which pairs are found where they are asked for, in a few seconds; a run finds those of more."""
_KEPT = 4  # searches in memory, each up to 30 MB


@dataclass(frozen=True, eq=False)
class Found:
    """The near pairs of the contents of n items, and how complete linkage merges them."""

    pairs: Pairs
    merges: Merges
    content: NDArray[np.int32]  # (n,) -1 for none
    flat: NDArray[np.bool_]  # (n,)
    row: NDArray[np.int64]  # (c,) the first item of each content

    @property
    def widest(self) -> float:
        """The largest threshold; nothing is known of pairs farther apart."""
        return self.pairs.widest

    def distances_to(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """How far each item (n,) is from the nearest of these rows, 0 for themselves, NaN beyond the widest."""
        nearest = np.full(len(self.row) + 1, np.inf)  # the last is that of items without a content
        wanted = np.zeros(len(nearest), dtype=np.bool_)
        wanted[self.content[rows]] = True
        wanted[-1] = False
        nearest[wanted] = 0
        for one, other in (
            (self.pairs.first, self.pairs.second),
            (self.pairs.second, self.pairs.first),
        ):
            told = wanted[one]
            np.minimum.at(nearest, other[told], self.pairs.distance[told])
        apart: NDArray[np.float64] = np.where(np.isfinite(nearest), nearest, np.nan)[self.content]
        return apart

    def sizes(self, threshold: float) -> NDArray[np.float64]:
        """How many items the group of each item (n,) has at a threshold, itself included."""
        made = grouping.cut(self.merges, self.content, threshold, flat=self.flat)
        return np.append(made.sizes, 1)[made.group].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an item's group, and how far it is from that item."""

    row: int
    distance: float


@dataclass(frozen=True, slots=True)
class Around:
    """The group of an item: its members, the item itself among them; the first represents it."""

    by: By
    threshold: float
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Two items by their rows, how far apart they are, and whether they are in one group."""

    first: int
    second: int
    distance: float
    together: bool


@dataclass(frozen=True, slots=True)
class Boundary:
    """The pairs nearest to a threshold on either side of it, those next to it first."""

    inside: list[Near]
    outside: list[Near]


def pairs(workspace: Workspace, dataset: str, *, by: By, **chosen: str) -> Found:
    """The near pairs of a dataset; of a large one `AbsentError` until a run has found them (see `start`).

    Of vectors `encoder`, `modality` and `run` choose which; by default the only encoder's first ones.
    """
    compared = reading.chosen(workspace, dataset, by, **chosen)
    if (found := _kept(workspace, dataset, compared)) is not None:
        return found
    if (count := workspace.items.count(dataset)) > AT_ONCE[by]:
        raise AbsentError(
            f"The {count:,} items of {dataset!r} have not been compared by {by} yet, or have changed since.",
            remedy=f"Search for near-duplicates: `qlatent triage duplicates {dataset} --by {by}`.",
        )
    _search(workspace, dataset, compared)
    found = _kept(workspace, dataset, compared)
    if found is None:
        raise AbsentError(f"The items of {dataset!r} have changed just now.", remedy="Try again.")
    return found


def groups(
    workspace: Workspace, dataset: str, *, by: By, threshold: float | None = None, **chosen: str
) -> Groups:
    """The groups of a dataset's items in which each lies within the threshold of every other; errors as `pairs`.

    None is the usual threshold. One beyond the widest raises `InputError`.
    """
    found = pairs(workspace, dataset, by=by, **chosen)
    if threshold is None:
        threshold = _usual(by, found)
    if threshold > max(found.widest, 0):
        raise InputError(
            f"Pairs of {dataset!r} are known up to a distance of {found.widest:.4g}, not {threshold:.4g}: beyond "
            "that there are too many.",
            remedy=f"Use a threshold of at most {max(found.widest, 0):.4g}.",
        )
    return _cut(found, threshold)


def around(
    workspace: Workspace, dataset: str, row: int, *, by: By, threshold: float | None = None, **chosen: str
) -> Around | None:
    """The group of one item, from pairs that were found earlier; None if they were not, and nothing is searched.

    None is the usual threshold, and one beyond the widest is the widest. An item that is alone has no members.
    """
    compared = Compared(by) if by != "vector" else reading.chosen(workspace, dataset, by, **chosen)
    found = _kept(workspace, dataset, compared)
    if found is None:
        return None
    limit = _usual(by, found) if threshold is None else max(0.0, min(threshold, found.widest))
    made = _cut(found, limit)
    group = int(made.group[row])
    if group < 0:
        return Around(by, limit, ())
    own, distance = found.content[row], dict[int, float]()
    for one, other in ((found.pairs.first, found.pairs.second), (found.pairs.second, found.pairs.first)):
        places = np.flatnonzero(one == own)
        distance |= zip(other[places].tolist(), found.pairs.distance[places].tolist(), strict=True)
    return Around(
        by, limit,
        tuple(Member(int(each), distance.get(int(found.content[each]), 0.0)) for each in made.members(group)),
    )  # fmt: skip


def _usual(by: By, found: Found) -> float:
    return max(0.0, min(USUAL[by], found.widest))


@lru_cache(maxsize=_KEPT)
def _cut(found: Found, threshold: float) -> Groups:
    return grouping.cut(found.merges, found.content, threshold, flat=found.flat)


def boundary(
    workspace: Workspace, dataset: str, *, by: By, threshold: float, count: int = 6, **chosen: str
) -> Boundary:
    """The `count` pairs just within a threshold and just beyond it; errors as `groups`."""
    group = groups(workspace, dataset, by=by, threshold=threshold, **chosen).group
    found = pairs(workspace, dataset, by=by, **chosen)
    edge = int(np.searchsorted(found.pairs.distance, np.float32(threshold), side="right"))

    def pair(place: int) -> Near:
        first, second = sorted(
            int(found.row[each[place]]) for each in (found.pairs.first, found.pairs.second)
        )
        together = bool(group[first] == group[second] >= 0)
        return Near(first, second, float(found.pairs.distance[place]), together)

    return Boundary(
        [pair(place) for place in range(edge - 1, max(-1, edge - 1 - count), -1)],
        [pair(place) for place in range(edge, min(edge + count, len(found.pairs)))],
    )


def stored(workspace: Workspace, dataset: str, encoder: str) -> tuple[tuple[float, Found], ...]:
    """The near pairs of a dataset that were found before and still hold, each after its usual threshold.

    By pictures, by texts, and by each modality of an encoder's vectors; nothing is computed.
    """
    asked = [Compared("image"), Compared("text")]
    asked += [Compared("vector", encoder, each) for each in MODALITIES if encoder]
    found = [(USUAL[each.by], _kept(workspace, dataset, each)) for each in asked]
    return tuple((max(0.0, min(usual, each.widest)), each) for usual, each in found if each is not None)


def ready(workspace: Workspace, dataset: str, *, by: By, **chosen: str) -> bool:
    """Whether `pairs` answers without a run."""
    compared = reading.chosen(workspace, dataset, by, **chosen)
    return workspace.items.count(dataset) <= AT_ONCE[by] or _kept(workspace, dataset, compared) is not None


def start(workspace: Workspace, dataset: str, *, by: By, token: str = "", **chosen: str) -> str:
    """Queue the run that finds the near pairs; returns its id, or that of one that already does. `token` as in
    `queue.enqueue`."""
    compared = reading.chosen(workspace, dataset, by, **chosen)
    record, version = workspace.catalogue.dataset(dataset), workspace.items.version(dataset)
    for run in listing.list_runs(workspace, "duplicates"):
        if run.active and isinstance(run.spec, DuplicateSearch):
            same = (run.spec.dataset, run.spec.dataset_version, _compared(run.spec))
            if same == (dataset, version, compared):
                return run.id
    spec = DuplicateSearch(
        name=f"Near-duplicates of {record.name} by {by}", created=time.time(), dataset=dataset,
        dataset_version=version, by=by, encoder=compared.encoder, modality=compared.modality, run=compared.run,
        threads=settings().threads, device="cpu",
    )  # fmt: skip
    return queue.start(workspace, spec, token=token)


def carry_out(workspace: Workspace, job: Job) -> str:
    """Find the near pairs of a dataset as it is now, and keep them; returns the final state.

    A resumed run begins again.
    """
    spec = expected(job.spec, DuplicateSearch)
    try:
        figures = _search(workspace, spec.dataset, _compared(spec), job=job)
    except Cancelled:
        return "stopped"
    return job.finish(**figures)


def _compared(spec: DuplicateSearch) -> Compared:
    return Compared(spec.by, spec.encoder, spec.modality, spec.run)


def _search(
    workspace: Workspace, dataset: str, compared: Compared, *, job: Job | None = None
) -> dict[str, Any]:
    """Find pairs and merges, and keep them in the workspace; returns figures of them."""
    begun, state = time.perf_counter(), reading.state(workspace, dataset, compared)
    told: Progress | None = job.progress_or_cancel if job else None
    if job:
        job.phase("Reading and hashing pictures" if compared.by == "image" else f"Reading {compared.by}s")
    read = reading.read(workspace, dataset, compared, progress=told)
    if job:
        job.phase("Comparing all with all")
    found = near(read.contents, widest=WIDEST[compared.by], progress=told)
    if job:
        job.phase("Grouping")
    merges = grouping.linkage(found)
    arrays: Arrays = {
        "first": found.first, "second": found.second, "distance": found.distance, "widest": np.array(found.widest),
        "one": merges.first, "other": merges.second, "height": merges.height, "content": read.content,
        "flat": read.flat, "state": np.array(state),
    }  # fmt: skip
    NearDuplicates(workspace.items.path).write(dataset, compared.name, arrays)
    return {
        "items": len(read.content), "contents": len(read.contents), "flat": int(read.flat.sum()), "pairs": len(found),
        "widest": found.widest, "seconds": time.perf_counter() - begun,
    }  # fmt: skip


def _kept(workspace: Workspace, dataset: str, compared: Compared) -> Found | None:
    """The pairs as they were found, unless items or vectors have changed since."""
    stamp = NearDuplicates(workspace.items.path).stamp(dataset, compared.name)
    found = _opened(workspace, dataset, compared, stamp) if stamp else None
    if found is None or found[0] != reading.state(workspace, dataset, compared):
        return None
    return found[1]


@lru_cache(maxsize=_KEPT)
def _opened(workspace: Workspace, dataset: str, compared: Compared, stamp: int) -> tuple[str, Found] | None:
    kept = NearDuplicates(workspace.items.path).read(dataset, compared.name)
    if kept is None:
        return None
    content = kept["content"]
    given = np.flatnonzero(content >= 0)
    row = given[np.unique(content[given], return_index=True)[1]]
    pairs = Pairs(kept["first"], kept["second"], kept["distance"], float(kept["widest"]))
    merges = Merges(kept["one"], kept["other"], kept["height"])
    return str(kept["state"]), Found(pairs, merges, content, kept["flat"], row)
