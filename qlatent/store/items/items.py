"""Items with their images, texts and embeddings, in LanceDB tables."""

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
from qlatent.store.items.intake import IMAGES, Intake, Staged
from qlatent.store.items.staging import ITEMS
from qlatent.store.items.tables import Tables
from qlatent.store.items.vectors import Vectors, images_of
from qlatent.types import MODALITIES, Item, Progress

__all__ = ["AddReport", "ItemStore"]

_log = logging.getLogger(__name__)
_FEW_ROWS = 1000  # up to here single rows are looked up; beyond, the table is read
_CONTENTS = {"image": "image_hash", "text": "text_hash", "vector": "given_vector"}
_HASHES = ("image_hash", "text_hash", "given_image", "given_text", "given_vector")


class ItemStore:
    """The items of one workspace. Reads always see the newest commit of every process."""

    def __init__(self, path: Path | str) -> None:
        """Opens the store in a folder and sweeps what crashed imports left there."""
        self.path = Path(path)
        self._tables = Tables(self.path)
        self._vectors = Vectors(self._tables)
        self._claims = Claims(self.path / ".staging")
        self._intake = Intake(self._tables, self._vectors, self._claims)
        try:
            with explained("the items", self.path):
                if self._claims.sweep():
                    self._intake.drop_unused()
        except StoreError:  # a full or read-only disk can be read; leftovers wait for one that can be written
            _log.warning("leftovers of imports stay for now", exc_info=True)

    # --- writing ------------------------------------------------------------------------------------------

    def create(
        self,
        dataset: str,
        items: Iterable[Item],
        *,
        progress: Progress | None = None,
        staged: Staged | None = None,
    ) -> AddReport:
        """A new dataset with these items, read once in batches; nothing is visible if anything fails.

        `StoreError`: the dataset exists or is being written, no items, a doubled id, an image that cannot be
        decoded, a full disk. Whatever `items` or `progress` raises comes through. `staged` is told what will be
        added just before the first of it is committed.
        """
        name = names.dataset_table(dataset)
        with self._claims.hold(dataset) as folder:
            if self._tables.open(name) is not None:
                raise StoreError(f"There is already a dataset {dataset!r}.", remedy="Choose another name.")
            return self._intake.bring(name, items, folder=folder, progress=progress, staged=staged)

    def append(
        self,
        dataset: str,
        items: Iterable[Item],
        *,
        progress: Progress | None = None,
        staged: Staged | None = None,
    ) -> AddReport:
        """More items behind those of a dataset, all or none of them; errors as in `create`."""
        name = names.dataset_table(dataset)
        with self._claims.hold(dataset) as folder:
            self._dataset(dataset)
            return self._intake.bring(name, items, folder=folder, progress=progress, staged=staged)

    def remove(self, dataset: str) -> None:
        """Removes a dataset with all its versions; its images go with the next `compact`.

        From disk they go with the first `compact` that finds their version ten minutes old: it may be being read.
        """
        with self._claims.hold(dataset), explained(f"the removal of {dataset!r}", self.path):
            self._dataset(dataset)
            self._tables.drop(names.dataset_table(dataset))

    def compact(self) -> None:
        """Merges small files, drops images, their views and ready vectors that no dataset has, and old versions.

        Datasets keep all their versions, because runs are frozen on them.
        """
        with explained("compacting the workspace", self.path):
            self._intake.drop_unused()
            for name in [f"items.{dataset}" for dataset in self.datasets()]:
                self._tables.tidy(name, keep_versions=True)
            for table in self._vectors.all():
                self._tables.tidy(table.name)

    # --- datasets and their rows --------------------------------------------------------------------------

    def datasets(self) -> list[str]:
        """The ids of the datasets that are stored, sorted."""
        return [name.removeprefix("items.") for name in self._tables.names("items.")]

    def has(self, dataset: str) -> bool:
        """Whether the rows of a dataset are there."""
        return self._tables.open(names.dataset_table(dataset)) is not None

    def modalities(self, dataset: str) -> tuple[str, ...]:
        """What the items of a dataset carry: image, text, vector; ready vectors count under their modality."""
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
        """How many rows a dataset has."""
        return int(self._dataset(dataset).count_rows())

    def version(self, dataset: str) -> int:
        """The version of a dataset now; `table(version=…)` reads this state for ever."""
        return int(self._dataset(dataset).version)

    def table(
        self, dataset: str, *, columns: Sequence[str] | None = None, version: int | None = None
    ) -> pa.Table:
        """The rows (or some columns of them) in row order, as they are now or were at a version."""
        chosen = _chosen(columns)
        read = list(dict.fromkeys([*chosen, "row"]))
        content = self._dataset(dataset, version=version).search().select(read).to_arrow()
        order = content["row"].to_numpy()
        if (np.diff(order) < 0).any():
            content = content.take(pa.array(np.argsort(order)))
        return content.select(chosen).replace_schema_metadata(None)

    def rows(
        self, dataset: str, rows: Sequence[int], *, columns: Sequence[str] | None = None
    ) -> list[dict[str, Any]]:
        """The rows of these numbers, in the order asked for; one that is not there is a `StoreError`."""
        chosen = _chosen(columns)
        numbers = [int(row) for row in rows]
        distinct = list(dict.fromkeys(numbers))
        query = self._dataset(dataset).search()
        if len(distinct) <= _FEW_ROWS:
            query = query.where(f"row IN ({', '.join(map(str, distinct)) or '-1'})")
        content = query.select(list(dict.fromkeys([*chosen, "row"]))).to_arrow()
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
        """The distinct hashes of a dataset's images, texts or unnamed ready vectors, in row order."""
        column = _CONTENTS[modality]
        hashes: list[str] = pc.unique(self.table(dataset, columns=[column])[column]).drop_null().to_pylist()
        return hashes

    def _dataset(self, dataset: str, *, version: int | None = None) -> Any:
        table = self._tables.open(names.dataset_table(dataset), version=version)
        if table is None:
            raise StoreError(
                f"There is no dataset {dataset!r}: no rows are stored under this id.",
                remedy="Look at the list of datasets.",
            )
        return table

    # --- images -------------------------------------------------------------------------------------------

    def image(self, image_hash: str) -> bytes:
        """The bytes of an image as they were brought; a `StoreError` if there is none of this hash."""
        for part in self._tables.matching(IMAGES, "hash", [image_hash], columns=["image"]):
            if part.num_rows:
                content: bytes = part["image"][0].as_py()
                return content
        raise StoreError(f"There is no image {image_hash!r}.", remedy="Import it again.")

    def images(self, hashes: Iterable[str | None]) -> dict[str, bytes]:
        """The bytes of these images by hash, read together; hashes without an image are left out."""
        wanted = [key for key in dict.fromkeys(hashes) if key]
        found: dict[str, bytes] = {}
        for part in self._tables.matching(IMAGES, "hash", wanted, columns=["hash", "image"]):
            found.update(zip(part["hash"].to_pylist(), part["image"].to_pylist(), strict=True))
        return found

    def thumbnails(self, hashes: Iterable[str | None]) -> dict[str, bytes]:
        """WebP thumbnails (at most 160 × 160) by hash; hashes without an image are left out."""
        wanted = [key for key in dict.fromkeys(hashes) if key]
        found: dict[str, bytes] = {}
        for part in self._tables.matching(IMAGES, "hash", wanted, columns=["hash", "thumbnail"]):
            found.update(zip(part["hash"].to_pylist(), part["thumbnail"].to_pylist(), strict=True))
        return found

    # --- embeddings ---------------------------------------------------------------------------------------

    def add_embeddings(
        self, encoder_key: str, modality: str, hashes: Sequence[str], vectors: np.ndarray
    ) -> None:
        """Stores vectors (n, d) under their content hashes, in one commit; those that are there already stay.

        `StoreError` for NaN or infinity, lengths that differ, a full disk.
        """
        with explained(f"{len(hashes):,} embeddings", self.path, needed=vectors.nbytes):
            self._vectors.add(encoder_key, modality, hashes, vectors)

    def missing(self, encoder_key: str, modality: str, hashes: Sequence[str | None]) -> list[str]:
        """The distinct hashes without a vector, in the order in which they first came."""
        return self._vectors.missing(encoder_key, modality, hashes)

    def embeddings(self, encoder_key: str, modality: str, hashes: Sequence[str | None]) -> np.ndarray:
        """The vectors (n, d) float32 of these hashes; a row of NaN where there is none.

        Hashes may repeat and may be None. d is 0 when nothing was ever stored for this key and modality.
        """
        return self._vectors.read(encoder_key, modality, hashes)

    def encoders(self, dataset: str) -> list[dict[str, Any]]:
        """What is encoded of a dataset: key, modality, dim, encoded and total (distinct contents).

        Ready vectors have the key "given". What has nothing encoded is left out, and so are augmented views.
        """
        found = []
        rows = self.table(dataset, columns=list(_HASHES))
        for table in self._vectors.all():
            if table.modality.startswith(names.VIEWS):
                continue
            column = f"given_{table.modality}" if table.key == "given" else _CONTENTS[table.modality]
            contents = pc.unique(rows[column]).drop_null()
            present = self._tables.column(table.name, "hash")
            encoded = pc.sum(pc.is_in(contents, value_set=present)).as_py() or 0
            if encoded:
                entry = {"key": table.key, "modality": table.modality, "dim": table.dim}
                found.append({**entry, "encoded": encoded, "total": len(contents)})
        return found

    def views(self, dataset: str, modality: str) -> dict[str, np.ndarray]:
        """Encoder key → how many augmented views (n,) of each distinct image are stored, images in row order.

        `modality` says how the views were made. Keys without a view of any of the images are left out.
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
