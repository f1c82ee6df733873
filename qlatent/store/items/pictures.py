"""Read and remove pictures and their thumbnails; no other module reads their bytes."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qlatent.errors import StoreError
from qlatent.store.claims import Claims
from qlatent.store.disk import explained
from qlatent.store.items.query_images import QueryImages
from qlatent.store.items.schemas import BLOBS
from qlatent.store.items.tables import Tables, gathered
from qlatent.store.items.thumbnails import thumbnail
from qlatent.store.items.withheld import Flags, Withheld
from qlatent.types import content_hash

IMAGES = "blobs"
"""The table of all images of the workspace."""
PUBLISHING = "publish.lock"
"""The claim of whoever changes the images; no dataset can have this id."""
WAIT_SECONDS = 600.0

_AT_ONCE = 256  # pictures that are written again in one commit
_FRAGMENT_BITS = 32  # a row id has the number of its file above these


class Pictures:
    """The pictures in the table of images, without those that are withheld."""

    def __init__(self, tables: Tables, claims: Claims) -> None:
        self.withheld = Withheld(tables.path)
        self._tables = tables
        self._claims = claims

    # --- read ---------------------------------------------------------------------------------------------

    def image(self, image_hash: str) -> bytes:
        """The imported bytes of an image; an unknown hash, or one that is withheld, raises `StoreError`."""
        if image_hash in self.withheld.hashes():
            raise StoreError(
                "This picture is not kept: an item that has it was flagged as severe.",
                remedy="Look at the item on the page Triage.",
            )
        found = self._read([image_hash], "image").get(image_hash)
        if found is None:
            raise StoreError(f"There is no image {image_hash!r}.", remedy="Import it again.")
        return found

    def images(self, hashes: Iterable[str | None]) -> dict[str, bytes]:
        """The bytes of these images by hash, read in one pass; hashes without an image are left out."""
        return self._read(hashes, "image")

    def thumbnails(self, hashes: Iterable[str | None]) -> dict[str, bytes]:
        """WebP thumbnails by hash; hashes without an image are left out."""
        return self._read(hashes, "thumbnail")

    def sizes(self, hashes: Iterable[str | None]) -> dict[str, tuple[int, int]]:
        """Width and height in pixels by hash, also of what is withheld; hashes without an image are left out."""
        wanted = [key for key in dict.fromkeys(hashes) if key]
        known = self.withheld.sizes()
        sizes = {key: known[key] for key in wanted if key in known}
        for part in self._tables.matching(IMAGES, "hash", wanted, columns=["hash", "width", "height"]):
            for key, width, height in zip(*(column.to_pylist() for column in part.columns), strict=True):
                sizes[key] = (width, height)
        return sizes

    def _read(self, hashes: Iterable[str | None], column: str) -> dict[str, bytes]:
        withheld = self.withheld.hashes()
        wanted = [key for key in dict.fromkeys(hashes) if key and key not in withheld]
        try:
            return dict(self._found(wanted, column))
        except (
            RuntimeError,
            ValueError,
            OSError,
        ):  # the files of a removed picture went between two steps of reading
            return dict(self._found(wanted, column))

    def _found(self, wanted: list[str], column: str) -> Iterator[tuple[str, bytes]]:
        for part in self._tables.matching(IMAGES, "hash", wanted, columns=["hash", column]):
            yield from zip(part["hash"].to_pylist(), part[column].to_pylist(), strict=True)

    # --- remove and put back ------------------------------------------------------------------------------

    def absent(self, hashes: Collection[str]) -> set[str]:
        """Those of the hashes that have no picture here and may have one."""
        stored = self._tables.column(IMAGES, "hash").to_pylist()
        return set(hashes).difference(stored, self.withheld.hashes())

    def put_back(self, images: Iterable[bytes]) -> int:
        """Store pictures of items whose pictures were removed; returns how many are new. Raises as an import does."""
        wanted = {content_hash(each): each for each in images}
        with self._publishing("pictures"):
            new = {key: each for key, each in wanted.items() if key in self.absent(wanted.keys())}
            made = [thumbnail(each, item=key) for key, each in new.items()]
            rows = [
                {"hash": key, "image": each, "thumbnail": small.webp, "width": small.width, "height": small.height}
                for (key, each), small in zip(new.items(), made, strict=True)
            ]  # fmt: skip
            if rows:
                self._tables.ensure(IMAGES, BLOBS)
                self._tables.add(IMAGES, pa.Table.from_pylist(rows, schema=BLOBS))
        return len(new)

    def remove_withheld(self) -> None:
        """Delete the bytes of the pictures that were decided as severe, also from earlier versions of the table.

        LanceDB only marks a deleted row. So the other pictures in its file are written again, then it is deleted, and
        with it the file. Whoever is interrupted leaves the files in `.withheld` as they are, and the next call goes on.
        """
        if not self.withheld.flags("decided"):
            return
        with self._publishing("the removal of pictures"):
            names = self.withheld.flags("decided").keys()
            wanted = {
                key
                for flags in self.withheld.flags("decided").values()
                for items in flags.values()
                for pictures in items.values()
                for key, _, _ in pictures
            }
            self._delete(wanted)
            for key in wanted:
                QueryImages(self._tables.path).drop(key)
            with self.withheld.alone():
                self._note_removed(names)

    def _note_removed(self, names: Collection[str]) -> None:
        """Join the files of these names that are still there and all earlier ones to one that says removed."""
        known = self.withheld.flags("decided", "removed")
        done = {name: flags for name, flags in known.items() if name in names or name.endswith(".removed")}
        whole: Flags = {}
        for flags in done.values():
            for queue, items in flags.items():
                whole.setdefault(queue, {}).update(items)
        self.withheld.replace(done.keys(), "removed", whole)

    def _delete(self, hashes: set[str]) -> None:
        table = self._tables.open(IMAGES)
        if table is None:
            return
        stored = gathered(table.search().select(["hash"]).with_row_id(True))
        gone = pc.is_in(stored["hash"], value_set=pa.array(sorted(hashes), pa.string())).to_numpy()
        ids = stored["_rowid"].to_numpy()
        beside = np.isin(ids >> _FRAGMENT_BITS, np.unique(ids[gone] >> _FRAGMENT_BITS)) & ~gone
        for start in range(0, int(beside.sum()), _AT_ONCE):
            part = ids[beside][start : start + _AT_ONCE].tolist()
            rows = table.take_row_ids(part).select(BLOBS.names).to_arrow()
            table.merge_insert("hash").when_matched_update_all().execute(rows)
        if gone.any():
            self._tables.keep_only(
                IMAGES, "hash", lambda present: pc.invert(pc.is_in(present, value_set=pa.array(sorted(hashes))))
            )  # fmt: skip
        with (
            warnings.catch_warnings()
        ):  # readers of an earlier version read again; writers wait for the claim
            warnings.simplefilter("ignore", UserWarning)
            table.optimize(cleanup_older_than=timedelta(0))

    @contextmanager
    def _publishing(self, what: str) -> Iterator[None]:
        """Hold the claim to change the images; errors of the disk are explained."""
        with explained(what, self._tables.path), self._claims.hold(PUBLISHING, wait=WAIT_SECONDS):
            yield
