"""Store and read items with their images, texts and embeddings in LanceDB tables."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qlatent.errors import StoreError
from qlatent.store.catalogue.records import AddReport
from qlatent.store.claims import Claims
from qlatent.store.disk import explained
from qlatent.store.items import names
from qlatent.store.items.intake import Intake, Staged
from qlatent.store.items.mapped import MappedVectors
from qlatent.store.items.near_duplicates import NearDuplicates
from qlatent.store.items.pictures import Pictures
from qlatent.store.items.schemas import ITEMS
from qlatent.store.items.search_indexes import SearchIndexes
from qlatent.store.items.tables import Tables, gathered, select
from qlatent.store.items.vectors import Hashes, Vectors, VectorTable, images_of
from qlatent.store.items.withheld import Withheld
from qlatent.types import MODALITIES, Item, Progress, VectorItems

__all__ = ["AddReport", "ItemStore"]

_log = logging.getLogger(__name__)
_FEW_ROWS = 1000  # up to this number, rows are looked up; beyond it, the table is read
_CONTENTS = {"image": "image_hash", "text": "text_hash", "vector": "given_vector"}
_HASHES = ("image_hash", "text_hash", "given_image", "given_text", "given_vector")


class ItemStore:
    """The items of one workspace; reads see the newest commits of all processes."""

    def __init__(self, path: Path | str) -> None:
        """Open the store in a folder, and sweep the leftovers of crashed imports."""
        self.path = Path(path)
        self._tables = Tables(self.path)
        self._vectors = Vectors(self._tables)
        self._mapped = MappedVectors(self._tables, self._vectors)
        # the encodings of a dataset in the state last seen: counting them reads a million hashes in some seconds
        self._encoders: dict[str, tuple[tuple[Any, ...], list[dict[str, Any]]]] = {}
        self._claims = Claims(self.path / ".staging")
        self.pictures = Pictures(self._tables, self._claims)
        self._intake = Intake(self._tables, self._vectors, self._claims, self.pictures)
        try:
            with explained("the items", self.path):
                if self._claims.sweep():
                    self._intake.drop_unused()
        except StoreError:  # leave leftovers on a full or read-only disk, which can still be read
            _log.warning("leftovers of imports stay for now", exc_info=True)

    def prepare(self) -> None:
        """Import the library of the tables now, which takes more than a second."""
        self._tables.prepare()

    # --- writing ------------------------------------------------------------------------------------------

    def create(
        self,
        dataset: str,
        items: Iterable[Item | VectorItems],
        *,
        progress: Progress | None = None,
        staged: Staged | None = None,
    ) -> AddReport:
        """Create a dataset with these items, read once in batches; if anything fails, nothing is visible.

        Raises `StoreError` if the dataset exists or is being written, for no items, duplicate ids, an image that
        cannot be decoded and a full disk. Exceptions of `items` and `progress` propagate. `staged` is called with the
        report of the additions just before the first commit.
        """
        name = names.dataset_table(dataset)
        with self._claims.hold(dataset) as folder:
            if self._tables.open(name) is not None:
                raise StoreError(f"There is already a dataset {dataset!r}.", remedy="Choose another name.")
            return self._intake.bring(name, items, folder=folder, progress=progress, staged=staged)

    def append(
        self,
        dataset: str,
        items: Iterable[Item | VectorItems],
        *,
        progress: Progress | None = None,
        staged: Staged | None = None,
    ) -> AddReport:
        """Append items to a dataset, all or none; errors as in `create`."""
        name = names.dataset_table(dataset)
        with self._claims.hold(dataset) as folder:
            self._dataset(dataset)
            return self._intake.bring(name, items, folder=folder, progress=progress, staged=staged)

    def remove(self, dataset: str) -> None:
        """Remove a dataset with all its versions; the next `compact` removes its images.

        Their files are deleted by the first `compact` more than ten minutes later, since they may still be read.
        """
        with self._claims.hold(dataset), explained(f"the removal of {dataset!r}", self.path):
            self._dataset(dataset)
            self._tables.drop(names.dataset_table(dataset))
            self._mapped.drop(dataset)
            SearchIndexes(self.path).drop(dataset)
            NearDuplicates(self.path).drop(dataset)

    def compact(self) -> None:
        """Merge small files, and drop old versions and images, views and imported vectors without a dataset.

        Datasets keep all their versions, because runs refer to them.
        """
        with explained("compacting the workspace", self.path):
            self._intake.drop_unused()
            for name in [f"items.{dataset}" for dataset in self.datasets()]:
                self._tables.tidy(name, keep_versions=True)
            for table in self._vectors.all():
                self._tables.tidy(table.name)

    # --- datasets and their rows --------------------------------------------------------------------------

    def datasets(self) -> list[str]:
        """The ids of the stored datasets, sorted."""
        return [name.removeprefix("items.") for name in self._tables.names("items.")]

    def has(self, dataset: str) -> bool:
        """Whether the rows of a dataset are stored."""
        return self._tables.open(names.dataset_table(dataset)) is not None

    def modalities(self, dataset: str) -> tuple[str, ...]:
        """The modalities of a dataset's items: image, text, vector; imported vectors count as their modality."""
        columns = {"image": ("image_hash", "given_image"), "text": ("text_hash", "given_text")}
        table = self.table(dataset, columns=list(_HASHES))
        return tuple(
            modality
            for modality in MODALITIES
            if any(
                table[name].null_count < len(table) for name in columns.get(modality, (f"given_{modality}",))
            )
        )

    def count(self, dataset: str) -> int:
        """Number of rows of a dataset."""
        return int(self._dataset(dataset).count_rows())

    def version(self, dataset: str) -> int:
        """The present version of a dataset; `table(version=…)` can always read this state."""
        return int(self._dataset(dataset).version)

    def state(self, dataset: str) -> tuple[int, int, int]:
        """Numbers that change with the rows of a dataset, also if it was removed and made anew, as a cache key."""
        return self._tables.state(names.dataset_table(dataset))

    def changed(self, dataset: str) -> int:
        """When the rows of a dataset changed last, in ns; 0 without any. Reads none of them."""
        return self._tables.changed(names.dataset_table(dataset))

    def table(
        self, dataset: str, *, columns: Sequence[str] | None = None, version: int | None = None
    ) -> pa.Table:
        """The rows, or some of their columns, in row order, at present or at a version."""
        chosen = _chosen(columns)
        read = list(dict.fromkeys([*chosen, "row"]))
        table = self._dataset(dataset, version=version)
        content = select(table, table.search(), read, ITEMS, gathered)
        order = content["row"].to_numpy()
        if (np.diff(order) < 0).any():
            content = content.take(pa.array(np.argsort(order)))
        return content.select(chosen).replace_schema_metadata(None)

    def rows(
        self, dataset: str, rows: Sequence[int], *, columns: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """The rows with these numbers, in the given order; an unknown row raises `StoreError`."""
        chosen = _chosen(columns)
        numbers = [int(row) for row in rows]
        distinct = list(dict.fromkeys(numbers))
        table = self._dataset(dataset)
        query = table.search()
        if len(distinct) <= _FEW_ROWS:
            query = query.where(f"row IN ({', '.join(map(str, distinct)) or '-1'})")
        content = select(
            table, query, list(dict.fromkeys([*chosen, "row"])), ITEMS, lambda each: each.to_arrow()
        )
        place = {number: index for index, number in enumerate(content["row"].to_pylist())}
        absent = [number for number in distinct if number not in place]
        if absent:
            raise StoreError(
                f"Row {absent[0]} is not in dataset {dataset!r}: it has {self.count(dataset)} rows.",
                remedy="Choose a row from the table.",
            )
        places = pa.array([place[number] for number in numbers], pa.int64())
        found: list[dict[str, Any]] = content.take(places).select(chosen).to_pylist()
        return found

    def contents(self, dataset: str, modality: str) -> list[str]:
        """The distinct hashes of a dataset's images, texts or unnamed imported vectors, in row order."""
        column = _CONTENTS[modality]
        hashes: list[str] = pc.unique(self.table(dataset, columns=[column])[column]).drop_null().to_pylist()
        return hashes

    def _dataset(self, dataset: str, *, version: int | None = None) -> Any:
        table = self._tables.open(names.dataset_table(dataset), version=version)
        if table is None:
            raise StoreError(
                f"There is no dataset {dataset!r}: no rows are stored under this id.",
                remedy="Choose one from the list of datasets.",
            )
        return table

    # --- images -------------------------------------------------------------------------------------------

    @property
    def withheld(self) -> Withheld:
        """Which pictures are not kept: none of the functions below gives them."""
        return self.pictures.withheld

    def image(self, image_hash: str) -> bytes:
        """The imported bytes of an image; an unknown hash, or one that is withheld, raises `StoreError`."""
        return self.pictures.image(image_hash)

    def images(self, hashes: Iterable[str | None]) -> dict[str, bytes]:
        """The bytes of these images by hash, read in one pass; hashes without an image are left out."""
        return self.pictures.images(hashes)

    def thumbnails(self, hashes: Iterable[str | None]) -> dict[str, bytes]:
        """WebP thumbnails (at most 160 × 160) by hash; hashes without an image are left out."""
        return self.pictures.thumbnails(hashes)

    # --- embeddings ---------------------------------------------------------------------------------------

    def add_embeddings(
        self, encoder_key: str, modality: str, hashes: Sequence[str], vectors: np.ndarray
    ) -> None:
        """Store vectors (n, d) under their content hashes, in one commit; existing vectors stay.

        Raises `StoreError` for NaN or infinity, unequal lengths, and a full disk.
        """
        with explained(f"{len(hashes):,} embeddings", self.path, needed=vectors.nbytes):
            self._vectors.add(encoder_key, modality, hashes, vectors)

    def missing(self, encoder_key: str, modality: str, hashes: Hashes) -> list[str]:
        """The distinct hashes without a vector, in order of appearance."""
        return self._vectors.missing(encoder_key, modality, hashes)

    def embeddings(self, encoder_key: str, modality: str, hashes: Hashes) -> np.ndarray:
        """The vectors (n, d) float32 of these hashes, with NaN rows where there is none.

        Hashes may repeat and may be None. d is 0 if nothing is stored for this key and modality.
        """
        return self._vectors.read(encoder_key, modality, hashes)

    def mapped(
        self, dataset: str, encoder_key: str, modality: str, *, column: str, version: int | None = None
    ) -> np.ndarray:
        """The vectors (rows, d) float32 of the hashes in a column, in row order, as `embeddings`; not writable.

        Large ones are a memory-mapped file, which is made by the first call and again when rows or vectors change.
        """
        hashes = self.table(dataset, columns=[column], version=version)[column]
        return self._mapped.read(dataset, encoder_key, modality, hashes)

    def encoders(self, dataset: str) -> list[dict[str, Any]]:
        """The encodings of a dataset: key, modality, dim, encoded and total (distinct contents).

        Imported vectors have the key "given". Encoders without vectors and augmented views are left out.
        """
        tables = [each for each in self._vectors.all() if not each.modality.startswith(names.VIEWS)]
        state = tuple(
            map(self._tables.state, [names.dataset_table(dataset), *(each.name for each in tables)])
        )
        if self._encoders.get(dataset, (None,))[0] != state:
            self._encoders[dataset] = (state, self._counted(dataset, tables))
        return [dict(each) for each in self._encoders[dataset][1]]

    def _counted(self, dataset: str, tables: list[VectorTable]) -> list[dict[str, Any]]:
        """The encodings of a dataset in these tables."""
        found = []
        rows = self.table(dataset, columns=list(_HASHES))
        contents = {name: pc.unique(rows[name]).drop_null() for name in _HASHES}
        for table in tables:
            column = f"given_{table.modality}" if table.key == "given" else _CONTENTS[table.modality]
            wanted = contents[column]
            present = self._tables.column(table.name, "hash") if len(wanted) else pa.array([], pa.string())
            # a table that holds this dataset alone, in its order, need not be searched
            known = (
                len(wanted) if wanted.equals(present) else pc.sum(pc.is_in(wanted, value_set=present)).as_py()
            )
            encoded = known or 0
            if encoded:
                entry = {"key": table.key, "modality": table.modality, "dim": table.dim}
                found.append({**entry, "encoded": encoded, "total": len(wanted)})
        return found

    def views(self, dataset: str, modality: str) -> dict[str, np.ndarray]:
        """Numbers (n,) of stored augmented views of each distinct image in row order, by encoder key.

        `modality` identifies the augmentation. Keys without any view of these images are left out.
        """
        images = pa.array(self.contents(dataset, "image"), pa.string())
        found = {}
        for table in self._vectors.views():
            if table.modality == modality:
                stored = images_of(self._tables.column(table.name, "hash"))
                places = pc.index_in(stored, value_set=images).drop_null().to_numpy()
                if len(places):
                    found[table.key] = np.bincount(places, minlength=len(images))
        return found


def _chosen(columns: Sequence[str] | None) -> list[str]:
    chosen = list(ITEMS.names if columns is None else columns)
    unknown = [column for column in chosen if column not in ITEMS.names]
    if unknown:
        raise StoreError(f"Items have no column {unknown[0]!r}; they have {', '.join(ITEMS.names)}.")
    return chosen
