"""What the store hands out: frozen records, free of any library. Times are unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AddReport:
    """What one `create` or `append` of the item store added."""

    rows: int
    images_new: int  # images whose bytes were not in the workspace yet
    duplicates: int  # rows whose content equals that of an earlier row
    bytes_written: int


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """One dataset of the workspace; `id` is its name as a slug."""

    id: str
    name: str
    kind: str
    created: float
    rows: int
    modalities: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One file that was imported into a dataset; `id` is given by the catalogue (0 before)."""

    dataset_id: str
    source_name: str
    source_hash: str
    rows: int
    refused: int
    created: float
    mapping: dict[str, Any] = field(default_factory=dict)
    refusals_path: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run in the queue; what it does and how far it is stands in its run folder.

    `queue_state` is "queued", "running" or whatever the services set afterwards; `claimed` is the moment
    `Catalogue.claim_run` handed it out (None before).
    """

    id: str
    kind: str
    name: str
    dataset_id: str | None
    created: float
    queue_state: str = "queued"
    claimed: float | None = None


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What the run index holds of a run: a copy of what its folder said.

    `state` is as written (a run whose worker was killed is "running" here); `status` is the whole `RunStatus`; `seen`
    the time of `status.json` in ns, or a negative number where the entry is known to be outdated.
    """

    run_id: str
    state: str
    head: str | None  # its name in the registry; None where the run has none
    part_of: str
    status: dict[str, Any]
    seen: int
    training_key: str = ""  # equal for runs that train the very same; "" until somebody asks


@dataclass(frozen=True, slots=True)
class HeadRecord:
    """One kept head; `origin` is "trained" or "loaded"."""

    id: str
    name: str
    run_id: str | None
    head: str
    created: float
    origin: str = "trained"
    dataset_id: str | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """Something that was removed and can still be brought back; `kind` is dataset, run, head or experiment."""

    kind: str
    id: str
    name: str
    removed: float


Indexed = tuple[RunRecord, IndexEntry | None]
"""A run, and what the index holds of it; None where it has no entry."""
