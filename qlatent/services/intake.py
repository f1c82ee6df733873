"""One import on its way into a dataset: all of it or nothing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from qlatent.errors import InputError, StoreError
from qlatent.ingest import AbstractSource, Mapping
from qlatent.services.additions import Additions
from qlatent.services.import_records import ImportReport, none_kept, refusals_csv
from qlatent.store.disk import write_atomically
from qlatent.store.records import DatasetRecord, ImportRecord
from qlatent.store.workspace import Workspace
from qlatent.types import MODALITIES, Item, Progress, Refusal


class Intake:
    """One import on its way in: counts what passes and keeps the refusals."""

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

    def create(self, name: str, progress: Progress | None) -> ImportReport:
        """A new dataset with all good rows."""
        dataset = self.workspace.new_dataset_id(name)
        items = self._good(self.source.rows(self.mapping))
        try:
            added = self.workspace.items.create(dataset, items, progress=progress)
        except StoreError as err:
            if self.passed == 0:
                raise self._nothing() from err
            raise
        try:
            self.workspace.catalogue.add_dataset(
                DatasetRecord(
                    id=dataset, name=name, kind=self.source.kind, created=time.time(), rows=added.rows,
                    modalities=_ordered(self.modalities), note="; ".join(self.source.remarks()),
                )
            )  # fmt: skip
            refusals_path = self._record(dataset, rows=added.rows)
        except (
            BaseException
        ):  # also when the person presses Ctrl-C: rows without a record would be seen by nobody
            self._undo(dataset)
            raise
        return self._report(dataset, name, rows=added.rows, duplicates=added.duplicates, path=refusals_path)

    def _undo(self, dataset: str) -> None:
        self._refusals_path(dataset).unlink(missing_ok=True)
        self.workspace.items.remove(dataset)
        if any(record.id == dataset for record in self.workspace.catalogue.datasets()):
            self.workspace.catalogue.remove_dataset(dataset)

    def append(self, dataset: str, progress: Progress | None) -> ImportReport:
        """The rows that the dataset does not have yet, behind those it has."""
        record = self.workspace.catalogue.dataset(dataset)
        additions = Additions(self.workspace, dataset)
        items = self._good(additions.filter(self.source.rows(self.mapping)))
        first = next(items, None)  # the store takes no empty import, and there may be nothing new
        if first is None and additions.present == 0:
            raise self._nothing()
        rows = duplicates = 0
        if first is not None:
            added = self.workspace.items.append(dataset, _chained(first, items), progress=progress)
            rows, duplicates = added.rows, added.duplicates
        path = self._record(dataset, rows=rows)
        modalities = _ordered(self.modalities | set(record.modalities))
        total = self.workspace.items.count(dataset)
        self.workspace.catalogue.update_dataset(dataset, rows=total, modalities=modalities)
        return self._report(
            dataset, record.name, rows=rows, duplicates=duplicates, path=path, present=additions.present
        )

    def _good(self, rows: Iterable[Item | Refusal]) -> Iterator[Item]:
        for row in rows:
            if isinstance(row, Refusal):
                self.refusals.append(row)
                continue
            self.passed += 1
            self.modalities |= modalities_of(row)
            yield row

    def _nothing(self) -> InputError:
        return none_kept(self.title, self.refusals)

    def _record(self, dataset: str, *, rows: int) -> str:
        path = self._write_refusals(dataset) if self.refusals else ""
        self.workspace.catalogue.add_import(
            ImportRecord(
                dataset_id=dataset, source_name=self.title, source_hash=self.fingerprint, rows=rows,
                refused=len(self.refusals), created=time.time(), mapping=self.mapping.as_dict(),
                refusals_path=path,
            )
        )  # fmt: skip
        return path

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


def _chained(first: Item, rest: Iterator[Item]) -> Iterator[Item]:
    yield first
    yield from rest


def _ordered(modalities: Iterable[str]) -> tuple[str, ...]:
    present = set(modalities)
    return tuple(modality for modality in MODALITIES if modality in present)


def modalities_of(item: Item) -> set[str]:
    """What an item carries, ready vectors counted under their modality."""
    carried = {"image": item.image is not None, "text": item.text is not None}
    return {modality for modality, has in carried.items() if has} | set(item.vectors)
