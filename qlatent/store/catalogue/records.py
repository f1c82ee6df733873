"""Frozen records of the store, independent of any library. Times are unix seconds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AddReport:
    """The result of a `create` or `append` of the item store."""

    rows: int
    images_new: int  # images that were not in the workspace before
    duplicates: int  # rows whose content equals that of an earlier row
    bytes_written: int


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """One dataset of the workspace; `id` is its name as a slug.

    `roles` is what its columns mean (`services/datasets/roles.py`); None if it was imported by an earlier version.
    """

    id: str
    name: str
    kind: str
    created: float
    rows: int
    modalities: tuple[str, ...] = ()
    note: str = ""
    roles: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One import of a file into a dataset; the catalogue sets `id` (0 before)."""

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
    """One run in the queue; its spec and progress are in its run folder.

    `queue_state` is "queued", "running" or a state set later by the services; `claimed` is the time of
    `Catalogue.claim_run` (None before).
    """

    id: str
    kind: str
    name: str
    dataset_id: str | None
    created: float
    queue_state: str = "queued"
    claimed: float | None = None
    owner: str = ""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """The entry of a run in the run index, copied from its folder.

    `state` is the written state (a run whose worker was killed is "running" here); `status` is the whole `RunStatus`;
    `seen` is the modification time of `status.json` in ns, or negative if the entry is known to be outdated.
    """

    run_id: str
    state: str
    head: str | None  # registry name; None for a run without a head
    part_of: str
    status: dict[str, Any]
    seen: int
    training_key: str = ""  # equal for identical trainings; "" until it is computed


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
class CollectionRecord:
    """A named collection of item ids of one dataset; `dataset_id` is None while the dataset is removed."""

    id: str
    name: str
    dataset_id: str | None
    dataset_version: int  # of the dataset when the collection was last changed
    created: float
    changed: float
    count: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a collection to make: ids to add and to take out, and a new name ("" keeps the name).

    `made` is in unix seconds; `version` is the version of the dataset that the ids come from.
    """

    made: float
    add: Collection[str] = ()
    take: Collection[str] = ()
    name: str = ""
    version: int | None = None


@dataclass(frozen=True, slots=True)
class CollectionChange:
    """One change of a collection: how many ids it added and took out, and the names before and after it."""

    made: float
    added: int
    taken: int
    name_before: str
    name_after: str
    undone: bool = False


@dataclass(frozen=True, slots=True)
class SearchRecord:
    """One saved search of a dataset; `definition` is that of `services/search/saved.py`."""

    id: str
    name: str
    dataset_id: str
    definition: dict[str, Any]
    created: float


@dataclass(frozen=True, slots=True)
class ViewRecord:
    """One saved view of a page; `definition` is that of `services/views/saved.py`."""

    id: str
    name: str
    page: str
    definition: dict[str, Any]
    created: float


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One event of a hardware job, numbered from 1 within its job; `payload` holds JSON values."""

    job: str  # id of its run
    number: int
    time: float
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """One queue of cases; `definition` says which items of the dataset it holds, `policy` how they are decided."""

    id: str
    name: str
    dataset_id: str
    definition: dict[str, Any]
    order: str
    policy: dict[str, Any]
    owner: str
    created: float


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """The present state of one case; `code` is "" while it is open, `place` and `draw` say where it comes.

    `lease` is "used" (until `lease_until`), "held" or "handed" while `lease_by` has the case, else "". `gone` says that
    the dataset has no such item any more: the case cannot be decided, and a decision on it stays.
    """

    queue_id: str
    item_id: str
    place: float
    draw: float
    code: str = ""
    event_id: int | None = None
    lease: str = ""
    lease_by: str = ""
    lease_until: float | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class CaseCounts:
    """How many cases a queue has, and where they are for one analyst."""

    open: int  # undecided, and their item is there
    mine: int  # open and leased to the analyst, held and handed ones among them
    others: int  # open and with somebody else at present
    skipped: int  # open, free, and skipped by the analyst
    gone: int  # undecided, and their item is gone
    codes: dict[str, int]  # decided cases by code

    @property
    def decided(self) -> int:
        """How many cases are decided."""
        return sum(self.codes.values())

    @property
    def total(self) -> int:
        """How many cases the queue has."""
        return self.open + self.gone + self.decided


@dataclass(frozen=True, slots=True)
class TriageEvent:
    """One event of a queue; the catalogue sets `id` (0 before). `item_id` is "" for several items, or none.

    `undoes` is the id of the event that this one takes back; `payload` holds JSON values.
    """

    queue_id: str
    time: float
    actor: str
    kind: str
    item_id: str = ""
    code: str = ""
    reason: str = ""
    note: str = ""
    undoes: int | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True, slots=True)
class AnalystRecord:
    """Someone who works on queues: what the name may do, and personal settings."""

    name: str
    permissions: tuple[str, ...]
    settings: dict[str, Any]
    created: float


@dataclass(frozen=True, slots=True)
class Removed:
    """A removed entry that can still be restored: a dataset, run, head, experiment, collection, view or queue."""

    kind: str
    id: str
    name: str
    removed: float


Indexed = tuple[RunRecord, IndexEntry | None]
"""A run with its index entry, or None if it has none."""


@dataclass(frozen=True, slots=True)
class ClassRecord:
    """A class that follows lessons. `teacher` is a secret's hash; `phases` are those of questions by "lesson/step".

    `countdown` is how many seconds a round takes (0: no end), `deadlines` when those that run end (unix seconds), by
    "lesson/step". `revision` grows with everything that the teacher changes.
    """

    id: str
    name: str
    code: str
    teacher: str
    lesson: str
    step: str
    address: str
    keep_days: int
    opened: float
    closed: float | None = None
    frozen: bool = False
    phases: dict[str, str] = field(default_factory=dict)
    revision: int = 0
    countdown: int = 0
    deadlines: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StudentRecord:
    """A student of a class; `state` is that of the figure on the student's step, `secret` the hash of a secret."""

    id: str
    class_id: str
    nickname: str
    secret: str
    lesson: str
    step: str
    joined: float
    seen: float
    state: dict[str, Any] = field(default_factory=dict)
    removed: float | None = None


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """One answer to the question of a step, in the first or second round."""

    class_id: str
    student_id: str
    lesson: str
    step: str
    round: int
    answer: Any
    right: bool
    time: float


@dataclass(frozen=True, slots=True)
class ClassRun:
    """A training that a student asked for; students who ask for equal ones share a run.

    `made` is whether a class started it, so that it can go with the classes that asked for it.
    """

    class_id: str
    student_id: str
    run_id: str
    made: bool
    asked: float
