"""Build, store and use indexes of large datasets: a run builds one when asked for, and no search waits for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.runs import queue
from qlatent.services.runs.job import Job
from qlatent.services.runs.specs import SearchIndexing, expected
from qlatent.services.search import inverted_lists
from qlatent.services.search.inverted_lists import Lists
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.services.vectors import stored
from qlatent.settings import settings
from qlatent.store.items.search_indexes import SearchIndexes, StoredIndex
from qlatent.store.workspace import Workspace
from qlatent.types import Cancelled

EXACT_UP_TO = 200_000
"""Items up to which every search is exact; 200,000 × 512 take about 50 ms."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """The index of a space: whether one is needed, there, and up to date."""

    items: int
    needed: bool  # more items than `EXACT_UP_TO`
    there: bool = False
    fresh: bool = False
    recall: float = float("nan")  # share of the 10 nearest that it finds, measured when it was built
    made: float = 0.0  # unix seconds
    bytes: int = 0


def start_indexing(workspace: Workspace, space: InputSpace, *, token: str = "") -> str:
    """Queue a run that builds the index of a space; returns its id. A dataset that needs none raises `InputError`.

    `token` as in `queue.enqueue`.
    """
    dataset = workspace.catalogue.dataset(space.dataset)
    if dataset.rows <= EXACT_UP_TO:
        raise InputError(
            f"{dataset.name!r} has {dataset.rows:,} items; up to {EXACT_UP_TO:,} the search is exact without an index.",
            remedy="Search it as it is.",
        )
    stored.widths(workspace, space.dataset, space.encoder)
    spec = SearchIndexing(
        name=f"Search index of {dataset.name}, {space.modality}s", created=time.time(), dataset=space.dataset,
        encoder=space.encoder, modality=space.modality, threads=settings().threads,
    )  # fmt: skip
    return queue.start(workspace, spec, token=token)


def carry_out(workspace: Workspace, job: Job) -> str:
    """Carry out an indexing run; returns the final state."""
    spec = expected(job.spec, SearchIndexing)
    space = InputSpace(spec.dataset, spec.encoder, spec.modality)
    try:
        document = build(workspace, space, job)
    except Cancelled:
        return "stopped"
    return job.finish(**{name: document[name] for name in ("recall", "probes", "lists", "rows", "seconds")})


def build(workspace: Workspace, space: InputSpace, job: Job) -> dict[str, Any]:
    """Build and store the index of a space; returns its document."""
    begun, indexes = time.perf_counter(), SearchIndexes(workspace.items.path)
    version, state = workspace.items.version(space.dataset), indexes.state(space.encoder, space.modality)
    vectors = stored.mapped(workspace, space.dataset, space.encoder, space.modality)
    with indexes.writing(*space, size=vectors.size * 4) as folder:

        def mapped(shape: tuple[int, int]) -> NDArray[np.float32]:
            return np.lib.format.open_memmap(folder / "vectors.npy", mode="w+", dtype=np.float32, shape=shape)

        lists = inverted_lists.build(vectors, place=mapped, progress=job.progress_or_cancel)
        for name in ("centres", "edges", "rows"):
            np.save(folder / f"{name}.npy", getattr(lists, name))
        lists.vectors.flush()  # type: ignore[attr-defined]  # a memory map
        document = {
            "version": version, "state": state, "complete": len(lists.rows) == len(vectors), "made": time.time(),
            "rows": len(lists.rows), "lists": len(lists.centres), "probes": lists.probes, "recall": lists.recall,
            "seconds": round(time.perf_counter() - begun, 3), **space._asdict(),
        }  # fmt: skip
        indexes.publish(folder, *space, document=document)
    return document


def state(workspace: Workspace, space: InputSpace) -> IndexState:
    """Whether a space has an index, and whether that is up to date."""
    count = workspace.items.count(space.dataset)
    found = SearchIndexes(workspace.items.path).read(*space)
    if found is None:
        return IndexState(count, count > EXACT_UP_TO)
    document, size = found.document, sum(array.nbytes for array in found.arrays.values())
    return IndexState(
        count, count > EXACT_UP_TO, True, _is_fresh(workspace, space, document), document["recall"],
        document["made"], size,
    )  # fmt: skip


def lists_of(workspace: Workspace, space: InputSpace) -> tuple[Lists | None, str]:
    """The lists to search in, or None for an exact search, and how that is said."""
    if workspace.items.count(space.dataset) <= EXACT_UP_TO:
        return None, "exact"
    found = SearchIndexes(workspace.items.path).read(*space)
    if found is None:
        return None, "exact; an index would be faster"
    if not _is_fresh(workspace, space, found.document):
        return None, "exact; the index is of an earlier state of the dataset"
    return _lists(found), f"index, which finds {found.document['recall']:.1%} of the 10 nearest"


def _lists(found: StoredIndex) -> Lists:
    document = found.document
    arrays: dict[str, Any] = found.arrays
    return Lists(**arrays, probes=document["probes"], recall=document["recall"])


def _is_fresh(workspace: Workspace, space: InputSpace, document: dict[str, Any]) -> bool:
    """Whether rows and vectors are those of the index; vectors of complete rows are only ever added for others."""
    if document["version"] != workspace.items.version(space.dataset):
        return False
    indexes = SearchIndexes(workspace.items.path)
    return bool(document["complete"]) or document["state"] == indexes.state(space.encoder, space.modality)
