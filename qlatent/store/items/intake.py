"""Add items: stage them as files, then publish them in a few commits, of which the last makes them visible."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from qlatent.errors import StoreError
from qlatent.store.catalogue.records import AddReport
from qlatent.store.claims import Claims
from qlatent.store.disk import disk_full, explained, free_bytes
from qlatent.store.items.pictures import IMAGES, PUBLISHING, WAIT_SECONDS, Pictures
from qlatent.store.items.schemas import BLOBS, ITEMS
from qlatent.store.items.staging import Staging, batches, image_bytes
from qlatent.store.items.tables import Tables
from qlatent.store.items.vectors import Vectors, images_of, without
from qlatent.types import Item, Progress, VectorItems

Staged = Callable[[AddReport], None]

_BATCH_ROWS = 256
_BATCH_BYTES = 32_000_000
_USED = ("image_hash", "given_image", "given_text", "given_vector")

_log = logging.getLogger(__name__)


class Intake:
    """Adds items to tables, all of them or none."""

    def __init__(self, tables: Tables, vectors: Vectors, claims: Claims, pictures: Pictures) -> None:
        self.path = tables.path
        self._tables = tables
        self._vectors = vectors
        self._claims = claims
        self._pictures = pictures

    def bring(
        self,
        name: str,
        items: Iterable[Item | VectorItems],
        *,
        folder: Path,
        progress: Progress | None,
        staged: Staged | None = None,
    ) -> AddReport:
        """Add items to a table of rows, which is created if necessary; `folder` is claimed and takes the files.

        `staged` is called with the report of all additions just before the first commit.
        """
        total = len(items) if isinstance(items, Sized) else None
        room = free_bytes(self.path)
        with Staging(folder, known_sizes=self._pictures.sizes, earlier=self._earlier(name)) as staging:
            for batch in batches(iter(items), rows=_BATCH_ROWS, size=_BATCH_BYTES):
                needed = staging.size + _size(batch)
                with explained(f"{staging.added + len(batch):,} items", self.path, needed=needed, free=room):
                    if isinstance(batch, VectorItems):
                        staging.add_vectors(batch)
                    else:
                        staging.add(batch)
                if progress is not None:
                    progress(staging.added, total)
        if staging.added == 0:
            raise StoreError("There are no items to store.", remedy="Check the source; nothing was stored.")
        size = staging.size
        report = AddReport(staging.added, staging.images_new, staging.duplicates, size)
        if staged is not None:
            staged(report)
        with explained(f"{staging.added:,} items", self.path, needed=size):
            self._publish(name, staging, size=size)
        return report

    def _publish(self, name: str, staging: Staging, *, size: int) -> None:
        """Commit images, then imported vectors, then the rows, which make the rest visible."""
        if (free := free_bytes(self.path)) < size:
            raise disk_full(f"{staging.added:,} items", self.path, needed=size, free=free)
        with self._claims.hold(PUBLISHING, wait=WAIT_SECONDS):
            try:
                self._publish_images(staging)
                for modality, path in staging.given():
                    with _reader(path) as reader:
                        self._vectors.add_stream("given", modality, reader)
                with _reader(staging.files()["rows"]) as reader:
                    self._commit_rows(name, reader)
            except BaseException:
                staging.discard()  # first, to free disk space
                self._forget_unused(name)
                raise

    def _publish_images(self, staging: Staging) -> None:
        files = staging.files()
        if "blobs" in files:
            self._tables.ensure(IMAGES, BLOBS)
            with _reader(files["blobs"]) as reader:
                self._tables.add(IMAGES, without(reader, pa.array(sorted(self._present()), pa.string())))
        # a stored image may have been deleted with its last dataset in the meantime
        lost = set(staging.images) - self._present()
        if lost:
            raise StoreError(
                f"{len(lost)} images were removed by another process during the import; nothing was stored.",
                remedy="Import again.",
            )

    def _present(self) -> set[str]:
        """The hashes of images that are stored, and of those that are not to be."""
        return {*self._tables.column(IMAGES, "hash").to_pylist(), *self._pictures.withheld.hashes()}

    def _commit_rows(self, name: str, reader: pa.RecordBatchReader) -> None:
        if self._tables.open(name) is None:
            self._tables.create(name, reader)
        else:
            self._tables.complete(name, ITEMS)
            self._tables.add(name, reader)

    def _forget_unused(self, name: str) -> None:
        try:
            self._drop_unused(ours=(name.removeprefix("items."), PUBLISHING))
        except (OSError, RuntimeError, ValueError, StoreError):
            # report the error of the import
            _log.exception("what a failed import left will be cleared by the next compact")

    def drop_unused(self) -> None:
        """Delete images, their augmented views and imported vectors without a dataset, unless an import is active.

        Publishing is excluded meanwhile, since the committed parts of an unfinished import would look unused.
        """
        if self._claims.living():
            return
        with self._claims.hold(PUBLISHING, wait=WAIT_SECONDS):
            self._drop_unused(ours=(PUBLISHING,))

    def _drop_unused(self, *, ours: Sequence[str]) -> None:
        """`drop_unused` for the holder of the claim to publish; `ours` are claims that do not count as imports."""
        if set(self._claims.living()) - set(ours):
            return
        used = {column: self._used(column) for column in _USED}
        pictures = pa.concat_arrays([used["image_hash"], self._used("pictures")])
        self._tables.keep_only(IMAGES, "hash", partial(pc.is_in, value_set=pictures))
        self._tables.tidy(IMAGES, unfinished=True)
        for table in self._vectors.all():
            if table.key == "given":
                given = partial(pc.is_in, value_set=used[f"given_{table.modality}"])
                self._tables.keep_only(table.name, "hash", given)
        for table in self._vectors.views():
            self._tables.keep_only(
                table.name, "hash", lambda names: pc.is_in(images_of(names), value_set=used["image_hash"])
            )

    def _used(self, column: str) -> pa.Array:
        parts = [self._tables.column(name, column) for name in self._tables.names("items.")]
        parts = [part.flatten() if pa.types.is_list(part.type) else part for part in parts]
        return pc.unique(pa.concat_arrays([*parts, pa.array([], pa.string())])).drop_null()

    def _earlier(self, name: str) -> pa.Table:
        table = self._tables.open(name)
        if table is None:
            return pa.table({"id": pa.array([], pa.string()), "pair_hash": pa.array([], pa.string())})
        return table.search().select(["id", "pair_hash", "row"]).to_arrow().sort_by("row")


def _size(batch: list[Item] | VectorItems) -> int:
    """Bytes of the images or vectors of a batch."""
    if isinstance(batch, VectorItems):
        return sum(array.nbytes for array in batch.vectors.values())
    return sum(map(image_bytes, batch))


@contextmanager
def _reader(path: Path) -> Iterator[pa.RecordBatchReader]:
    # not memory-mapped, since mapped pages would count as memory of this process
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        yield reader
