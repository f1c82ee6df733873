"""Preview, store, list, rename and remove datasets; an import is stored completely or not at all."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AbstractMapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from qlatent.errors import InputError, RunError, StoreError
from qlatent.ingest import AbstractSource, Limits, Mapping, SourcePath, open_source
from qlatent.services import bin
from qlatent.services.datasets.import_records import Bring, ImportReport, Preview, refusals_csv
from qlatent.services.datasets.intake import Intake, modalities_of, told
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.vectors.augmented import Coverage, coverage
from qlatent.settings import settings
from qlatent.store.catalogue.records import DatasetRecord, ImportRecord
from qlatent.store.workspace import Workspace
from qlatent.types import Item, Progress, Refusal, VectorItems

__all__ = [
    "Bring", "DatasetView", "ImportReport", "Preview", "dataset_view", "list_datasets", "preview",
    "refusals_csv", "refusals_file", "remove", "rename", "store", "used_by",
]  # fmt: skip

FIRST_ROWS = 12
SHOWN = 3  # runs named in a message
STOPPING_SECONDS, STOPPING_STEP = 120.0, 0.1  # time for a run to finish its step and a checkpoint
LOST = "Import its file again to restore it under the same id, or remove it."
_PROGRESS_ROWS = 50


@dataclass(frozen=True, slots=True)
class DatasetView:
    """A dataset as shown in lists and on pages."""

    id: str
    name: str
    kind: str
    created: float
    rows: int
    modalities: tuple[str, ...]
    note: str
    encoders: list[dict[str, Any]] = field(default_factory=list)  # key, modality, dim, encoded, total
    imports: list[ImportRecord] = field(default_factory=list)
    views: list[Coverage] = field(default_factory=list)  # encoded augmented views of its images
    lost: str = ""  # why its items cannot be read, with the remedy; "" where they can


# --- preview ----------------------------------------------------------------------------------------------


def preview(
    workspace: Workspace,
    source: SourcePath | Bring,
    *,
    mapping: Mapping | AbstractMapping[str, Any] | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Preview:
    """Read a source to its end without storing it: columns, mapping, first rows, counts and refusals.

    A dict changes the guessed mapping, a `Mapping` replaces it. Images are checked by header and end but not
    decoded, so storing may refuse a few more. A source that cannot be read raises `InputError`.
    """
    bring = source if isinstance(source, Bring) else Bring(source)
    bring = Bring(bring.path, bring.images, bring.limits or limits or Limits.of(settings()), bring.title)
    opened = _opened(bring)
    chosen = _chosen(opened, mapping)
    first: list[Item] = []
    refusals: list[Refusal] = []
    modalities: Counter[str] = Counter()
    good = told = 0
    rows, problem = _rows(opened, chosen)
    for row in rows:
        if isinstance(row, Refusal):
            refusals.append(row)
        else:
            count = len(row) if isinstance(row, VectorItems) else 1
            good += count
            modalities.update(dict.fromkeys(modalities_of(row), count))
            if len(first) < FIRST_ROWS:
                first += row.items(FIRST_ROWS - len(first)) if isinstance(row, VectorItems) else [row]
        if progress is not None and good + len(refusals) - told >= _PROGRESS_ROWS:
            told = good + len(refusals)
            progress(told, None)
    fingerprint = opened.fingerprint(chosen)
    return Preview(
        bring=bring, name=bring.title or opened.name, kind=opened.kind,
        columns=opened.columns, mapping=chosen,
        first=tuple(first), good=good, refusals=tuple(refusals), modalities=dict(modalities),
        notes=opened.remarks(), fingerprint=fingerprint, already_imported=_known(workspace, fingerprint),
        problem=problem,
    )  # fmt: skip


def _rows(
    source: AbstractSource, mapping: Mapping
) -> tuple[Iterable[VectorItems | Item | Refusal], InputError | None]:
    """The rows, or none and the error when no content column is guessed or chosen, so that the user can choose one."""
    try:
        return source.bulk(mapping, decode=False), None
    except InputError as err:
        if mapping.image or mapping.text or mapping.vectors:
            raise
        return (), err


def _opened(bring: Bring) -> AbstractSource:
    return open_source(bring.path, limits=bring.limits, images=bring.images)


def _chosen(source: AbstractSource, mapping: Mapping | AbstractMapping[str, Any] | None) -> Mapping:
    if isinstance(mapping, Mapping):
        return mapping
    return Mapping.from_dict({**source.guess().as_dict(), **(mapping or {})})


def _known(workspace: Workspace, fingerprint: str, *, dataset: str | None = None) -> str | None:
    record = workspace.catalogue.find_import(fingerprint, dataset=dataset)
    return record.dataset_id if record else None


# --- store ------------------------------------------------------------------------------------------------


def store(
    workspace: Workspace,
    source: Preview | SourcePath | Bring,
    *,
    name: str | None = None,
    into: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a source as a new dataset, or add its new rows to the dataset `into`.

    An error or a `Cancelled` from `progress` leaves the workspace unchanged. A source that was imported before (same
    content, same mapping) stores nothing and is reported as `already`. If no row can be kept, or the source has changed
    since the preview, it raises `InputError`.
    """
    seen = source if isinstance(source, Preview) else None
    bring = seen.bring if seen else source if isinstance(source, Bring) else Bring(source)  # type: ignore[arg-type]
    opened = _opened(Bring(bring.path, bring.images, bring.limits or Limits.of(settings())))
    mapping = seen.mapping if seen else opened.guess()
    fingerprint = opened.fingerprint(mapping)
    if seen and fingerprint != seen.fingerprint:
        raise InputError(
            f"{seen.name} has changed since the preview.", remedy="Preview it again, then store it."
        )
    intake = Intake(workspace, opened, mapping, title=bring.title or opened.name, fingerprint=fingerprint)
    workspace.settle()
    # of two simultaneous imports of the same file, one waits and then finds the other's dataset
    same = f"source-{fingerprint[:32]}-{into or 'new'}"
    with workspace.claims.hold(same, what=intake.title, wait=math.inf, meanwhile=told(progress)):
        return _stored(intake, name or _title(intake.title), into, progress)


def _stored(intake: Intake, name: str, into: str | None, progress: Progress | None) -> ImportReport:
    workspace = intake.workspace
    if into is not None:
        workspace.catalogue.dataset(into)
    known = _known(workspace, intake.fingerprint, dataset=into)
    if known is not None and not workspace.items.has(known):
        return intake.restore(known, progress)
    if known is not None:
        pictures = intake.put_back(known)
        return ImportReport(known, workspace.catalogue.dataset(known).name, already=True, pictures=pictures)
    return intake.append(into, progress) if into else intake.create(name, progress)


def _title(name: str) -> str:
    """The name of a dataset from a file name, without its extension."""
    return Path(name).stem if Path(name).suffix and " " not in Path(name).suffix else name


# --- list, rename, remove ---------------------------------------------------------------------------------


def list_datasets(workspace: Workspace) -> list[DatasetView]:
    """All datasets, oldest first."""
    return [_view(workspace, record) for record in workspace.catalogue.datasets()]


def dataset_view(workspace: Workspace, dataset: str) -> DatasetView:
    """One dataset with its imports; an unknown id raises `StoreError`."""
    return _view(workspace, workspace.catalogue.dataset(dataset))


def _view(workspace: Workspace, record: DatasetRecord) -> DatasetView:
    view = DatasetView(
        id=record.id, name=record.name, kind=record.kind, created=record.created, rows=record.rows,
        modalities=record.modalities, note=record.note, imports=workspace.catalogue.imports(record.id),
    )  # fmt: skip
    try:
        return replace(
            view, encoders=workspace.items.encoders(record.id), views=coverage(workspace, record.id)
        )
    except StoreError as err:  # show the other datasets even if one is damaged
        return replace(view, lost=f"{err.message} {LOST}")


def rename(workspace: Workspace, dataset: str, *, name: str) -> DatasetView:
    """Change the display name of a dataset; its id stays, because links and runs use it."""
    if not name.strip():
        raise InputError("A dataset needs a name.", remedy="Give at least one letter.")
    return _view(workspace, workspace.catalogue.update_dataset(dataset, name=name.strip()))


def used_by(workspace: Workspace, dataset: str) -> list[RunSummary]:
    """The queued and active runs that read this dataset."""
    return [run for run in listing.list_runs(workspace) if run.active and dataset in run.datasets]


def remove(workspace: Workspace, dataset: str, *, stop: bool = False) -> None:
    """Move a dataset to the bin; its runs and heads stay. `bin.restore` undoes this for a day.

    Runs that use it raise a `StoreError` that names them; with `stop`, they are stopped first. An active import into
    it raises `StoreError` too.
    """
    workspace.catalogue.dataset(dataset)
    if stop:
        _stop(workspace, dataset)

    def reads(run_id: str) -> bool:
        run = listing.summary(workspace, run_id)
        return run.active and dataset in run.datasets

    with workspace.holding(dataset):
        users = workspace.catalogue.bin.put("dataset", dataset, used=reads)
    if users:
        raise in_use(dataset, [listing.summary(workspace, each) for each in users])
    bin.empty(workspace)  # an app that is never closed would otherwise never empty the bin


def in_use(dataset: str, users: Sequence[RunSummary]) -> StoreError:
    """The error that names the runs which use a dataset."""
    shown = ", ".join(f"{run.id} ({run.name}, {run.state})" for run in users[:SHOWN])
    more = f" and {len(users) - SHOWN} more" if len(users) > SHOWN else ""
    return StoreError(
        f"The dataset {dataset!r} is in use by {shown}{more}; it was not removed.",
        remedy="Wait until they end, or stop them as well (`qlatent remove --stop`).",
    )


def _stop(workspace: Workspace, dataset: str) -> None:
    """Stop the runs that use a dataset, queued ones first, and wait for their end; raises `StoreError` on timeout."""
    until = time.monotonic() + STOPPING_SECONDS
    asked: set[str] = set()
    while users := used_by(workspace, dataset):
        for run in sorted(users, key=lambda each: each.state):  # "queued" before "running"
            if run.id not in asked:
                with suppress(RunError):  # it has ended in the meantime
                    queue.stop(workspace, run.id)
                asked.add(run.id)
        if time.monotonic() > until:
            raise in_use(dataset, users)
        time.sleep(STOPPING_STEP)


def refusals_file(workspace: Workspace, record: ImportRecord) -> bytes:
    """The refused rows of an import as CSV bytes; only a header if nothing was refused."""
    if not record.refusals_path:
        return refusals_csv([]).encode()
    return (workspace.path / record.refusals_path).read_bytes()
