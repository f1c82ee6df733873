"""Run one import into a dataset, atomically."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from qlatent.errors import InputError, StoreError
from qlatent.ingest import AbstractSource, Mapping
from qlatent.ingest.rows.items import CURRENCY
from qlatent.services.datasets import pictures, roles
from qlatent.services.datasets.deduplication import Additions
from qlatent.services.datasets.import_records import ImportReport, none_kept, refusals_csv
from qlatent.store.catalogue.pending import Pending
from qlatent.store.catalogue.records import AddReport, DatasetRecord, ImportRecord
from qlatent.store.disk import write_atomically
from qlatent.store.workspace import Workspace
from qlatent.types import MODALITIES, Item, Progress, Refusal, VectorItems, content_hash


class Intake:
    """One import: stores the accepted rows, counts them and keeps the refusals."""

    def __init__(
        self, workspace: Workspace, source: AbstractSource, mapping: Mapping, *, title: str, fingerprint: str
    ) -> None:
        self.workspace = workspace
        self.source = source
        self.mapping = mapping
        self.title = title
        self.fingerprint = fingerprint
        self.refusals: list[Refusal] = []
        self.modalities: set[str] = set()
        self.passed = 0
        self.currencies = False  # whether prices are written with their currency

    def create(self, name: str, progress: Progress | None) -> ImportReport:
        """Store all accepted rows as a new dataset."""
        with self.workspace.new_dataset(name) as (dataset, claim):
            return self._whole(dataset, name, claim, progress)

    def restore(self, dataset: str, progress: Progress | None) -> ImportReport:
        """Store the rows of a dataset whose rows are lost, under its old id and name."""
        name = self.workspace.catalogue.dataset(dataset).name
        with self.workspace.holding(dataset) as claim:
            return self._whole(dataset, name, claim, progress)

    def _whole(self, dataset: str, name: str, claim: Path, progress: Progress | None) -> ImportReport:
        def staged(report: AddReport) -> None:
            record = DatasetRecord(
                id=dataset, name=name, kind=self.source.kind, created=time.time(), rows=report.rows,
                modalities=_ordered(self.modalities), note="; ".join(self.source.remarks()),
                roles=self._roles(dataset),
            )  # fmt: skip
            self._write_down(claim, record, rows=report.rows, new=True)

        items = self._good(self.source.bulk(self.mapping))
        try:
            added = self.workspace.items.create(dataset, items, progress=progress, staged=staged)
        except BaseException as err:
            self._refusals_path(dataset).unlink(missing_ok=True)
            if isinstance(err, StoreError) and self.passed == 0:
                raise self._nothing() from err
            raise
        try:
            path = self._record(claim)
        except BaseException:  # also on Ctrl-C, so that no unlisted rows remain
            self._undo(dataset)
            raise
        return self._report(dataset, name, rows=added.rows, duplicates=added.duplicates, path=path)

    def _undo(self, dataset: str) -> None:
        self._refusals_path(dataset).unlink(missing_ok=True)
        self.workspace.items.remove(dataset)

    def append(self, dataset: str, progress: Progress | None) -> ImportReport:
        """Append the rows that the dataset does not have yet; waits while others add to it."""
        with self.workspace.holding(dataset, wait=math.inf, meanwhile=told(progress)) as claim:
            return self._more(self.workspace.catalogue.dataset(dataset), claim, progress)

    def _more(self, record: DatasetRecord, claim: Path, progress: Progress | None) -> ImportReport:
        def after(rows: int) -> None:
            modalities = _ordered(self.modalities | set(record.modalities))
            changed = replace(record, rows=before + rows, modalities=modalities, roles=self._roles(record.id))
            self._write_down(claim, changed, rows=rows, new=False)

        before = self.workspace.items.count(record.id)
        additions = Additions(self.workspace, record.id, mapping=self.mapping)
        items = self._good(additions.filter(self.source.rows(self.mapping)))
        first = next(items, None)  # the store refuses empty imports, and there may be no new rows
        if first is None and additions.present == 0:
            raise self._nothing()
        rows = duplicates = 0
        if first is None:
            after(0)
        else:
            added = self.workspace.items.append(
                record.id, _chained(first, items), progress=progress, staged=lambda report: after(report.rows)
            )
            rows, duplicates = added.rows, added.duplicates
        return self._report(
            record.id, record.name, rows=rows, duplicates=duplicates, path=self._record(claim),
            present=additions.present,
        )  # fmt: skip

    def put_back(self, dataset: str) -> int:
        """Store pictures of the dataset's items that were deleted and may be kept again; returns how many."""
        lost = pictures.lost(self.workspace, dataset)
        if not lost:
            return 0
        images = (
            each
            for row in self.source.rows(self.mapping)
            if isinstance(row, Item)
            for each in (row.image, *row.pictures)
            if each is not None and content_hash(each) in lost
        )
        return self.workspace.items.pictures.put_back(images)

    def _roles(self, dataset: str) -> dict[str, str]:
        """The roles of the dataset's columns with those of this import; what was said before stays."""
        known = self.workspace.catalogue.has_dataset(dataset) and self.workspace.items.has(dataset)
        earlier = roles.roles(self.workspace, dataset) if known else None
        found = roles.of_mapping(self.mapping)
        if self.currencies and not self.mapping.currency:
            found = {**found, CURRENCY: CURRENCY}
        return roles.merged(earlier, found)

    def _good(self, rows: Iterable[VectorItems | Item | Refusal]) -> Iterator[VectorItems | Item]:
        for row in rows:
            if isinstance(row, Refusal):
                self.refusals.append(row)
                continue
            self.passed += len(row) if isinstance(row, VectorItems) else 1
            self.modalities |= modalities_of(row)
            self.currencies = self.currencies or (isinstance(row, Item) and CURRENCY in row.metadata)
            yield row

    def _nothing(self) -> InputError:
        return none_kept(self.title, self.refusals)

    def _write_down(self, claim: Path, dataset: DatasetRecord, *, rows: int, new: bool) -> None:
        """Save the pending record in the claim, so that it survives if this process is killed before recording it."""
        record = ImportRecord(
            dataset_id=dataset.id, source_name=self.title, source_hash=self.fingerprint, rows=rows,
            refused=len(self.refusals), created=time.time(), mapping=self.mapping.as_dict(),
            refusals_path=self._write_refusals(dataset.id) if self.refusals else "",
        )  # fmt: skip
        Pending(dataset, record, new).write(claim)

    def _record(self, claim: Path) -> str:
        """Record the pending import in the catalogue; returns the path of the refusals."""
        pending = Pending.read(claim)
        assert pending is not None  # the claim is ours
        self.workspace.catalogue.record_import(pending.dataset, pending.record, new=pending.new)
        return pending.record.refusals_path

    def _write_refusals(self, dataset: str) -> str:
        target = self._refusals_path(dataset)
        target.parent.mkdir(exist_ok=True)
        write_atomically(target, refusals_csv(self.refusals).encode())
        return target.relative_to(self.workspace.path).as_posix()

    def _refusals_path(self, dataset: str) -> Path:
        return self.workspace.path / "imports" / f"{dataset}-{self.fingerprint[:8]}.csv"

    def _report(
        self, dataset: str, name: str, *, rows: int, duplicates: int, path: str, present: int = 0
    ) -> ImportReport:
        return ImportReport(
            dataset=dataset, name=name, rows=rows, refused=len(self.refusals), duplicates=duplicates,
            present=present, notes=self.source.remarks(), refusals=tuple(self.refusals), refusals_path=path,
        )  # fmt: skip


def told(progress: Progress | None) -> Callable[[], None] | None:
    """A callback that reports zero progress while waiting, so that the wait can be cancelled."""
    return None if progress is None else lambda: progress(0, None)


def _chained(first: VectorItems | Item, rest: Iterator[VectorItems | Item]) -> Iterator[VectorItems | Item]:
    yield first
    yield from rest


def _ordered(modalities: Iterable[str]) -> tuple[str, ...]:
    present = set(modalities)
    return tuple(modality for modality in MODALITIES if modality in present)


def modalities_of(item: VectorItems | Item) -> set[str]:
    """The modalities of an item or of many, including those of imported vectors."""
    if isinstance(item, VectorItems):
        return set(item.vectors)
    carried = {"image": item.image is not None, "text": item.text is not None}
    return {modality for modality, has in carried.items() if has} | set(item.vectors)
