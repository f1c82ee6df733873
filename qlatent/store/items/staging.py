"""Stage the items of an import as Arrow files in a folder, before anything becomes visible."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from qlatent.errors import StoreError
from qlatent.store.disk import json_bytes
from qlatent.store.items.schemas import BLOBS, ITEMS, MAKER, vector_batch, vector_schema
from qlatent.store.items.thumbnails import thumbnail
from qlatent.store.processes import this_process
from qlatent.types import MODALITIES, Item, VectorItems, content_hash

Sizes = dict[str, tuple[int, int]]
"""image hash → (width, height) in pixels"""


class Staging:
    """Staged items of an import: `add` batches in a with block; after it the files can be read.

    The files are `rows.arrow`, `blobs.arrow` (new images) and `given-<modality>.arrow`.
    """

    def __init__(self, folder: Path, *, known_sizes: Callable[[list[str]], Sizes], earlier: pa.Table) -> None:
        """`known_sizes` returns the sizes of stored images; `earlier` has id and pair_hash of the present rows."""
        self.folder = folder
        self.rows = self._offset = earlier.num_rows
        self.images_new = self.duplicates = 0
        self._known_sizes = known_sizes
        self._ids = set(earlier["id"].to_pylist())
        self._first: dict[str, str] = {}
        for item_id, pair in zip(earlier["id"].to_pylist(), earlier["pair_hash"].to_pylist(), strict=True):
            self._first.setdefault(pair, item_id)
        self._sizes: Sizes = {}
        self._given: dict[str, set[str]] = {modality: set() for modality in MODALITIES}
        self._writers: dict[str, Any] = {}
        self._schemas: dict[str, pa.Schema] = {}
        self._items = ITEMS.with_metadata({MAKER: json_bytes(this_process())})
        self._open = ExitStack()
        folder.mkdir(parents=True, exist_ok=True)
        self._threads = self._open.enter_context(ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)))

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._open.close()
            return
        # closing a file that could not be written fails too; report the first error
        with suppress(OSError):
            self._open.close()

    @property
    def added(self) -> int:
        """Number of added rows."""
        return self.rows - self._offset

    @property
    def size(self) -> int:
        """Size of the files so far, in bytes."""
        return sum(path.stat().st_size for path in self.folder.glob("*.arrow"))

    def files(self) -> dict[str, Path]:
        """The written files by name ("rows", "blobs", "given-image", …)."""
        return {name: self.folder / f"{name}.arrow" for name in self._writers}

    def given(self) -> list[tuple[str, Path]]:
        """The files of imported vectors, with their modality."""
        prefix = "given-"
        return [
            (name.removeprefix(prefix), path)
            for name, path in self.files().items()
            if name.startswith(prefix)
        ]

    @property
    def images(self) -> Iterable[str]:
        """The hashes of all images of the staged items, new or stored."""
        return self._sizes.keys()

    def discard(self) -> None:
        """Delete the files."""
        for path in self.files().values():
            path.unlink(missing_ok=True)

    def add(self, items: Sequence[Item]) -> None:
        """Add one batch; a duplicate id or an image that cannot be decoded raises `StoreError`."""
        images = {content_hash(each): (each, item.id) for item in items for each in _images(item)}
        sizes = self._stage_images(images)
        given = [self._stage_vectors(item) for item in items]
        self._write_vectors(items, given)
        rows = [self._row(item, hashes, sizes) for item, hashes in zip(items, given, strict=True)]
        self._write("rows", pa.RecordBatch.from_pylist(rows, schema=self._items))

    def add_vectors(self, block: VectorItems) -> None:
        """Add items that have vectors only, all at once; the same rows and errors as by `add`."""
        unknown = set(block.vectors) - set(MODALITIES)
        broken = [
            name for name, array in block.vectors.items() if array.ndim != 2 or not np.isfinite(array).all()
        ]
        if unknown or broken:  # say which item it is
            self.add(list(block.items()))
            return
        given = {modality: _hashes(array) for modality, array in block.vectors.items()}
        rows = self._columns(block, given)
        for modality, array in block.vectors.items():
            self._write_new(modality, given[modality], array)
        self._write("rows", pa.RecordBatch.from_pydict(rows, schema=self._items))

    def _columns(self, block: VectorItems, given: dict[str, list[str]]) -> dict[str, Any]:
        """The columns of the rows of a block, whose vectors have these hashes."""
        count, none = len(block), [None] * len(block)
        image, text, vector = (given.get(modality, none) for modality in MODALITIES)
        pairs = list(map(_pair_hash, image, text, vector))
        self._take_ids(block.ids)
        firsts = [self._first.setdefault(pair, name) for pair, name in zip(pairs, block.ids, strict=True)]
        repeats = ["" if first == name else first for first, name in zip(firsts, block.ids, strict=True)]
        self.duplicates += count - repeats.count("")
        self.rows += count
        return {
            "row": np.arange(self.rows - count, self.rows),
            "id": block.ids,
            "label": block.labels,
            "split": block.splits,
            "metadata": [json_bytes(each).decode() if each else "{}" for each in block.metadata],
            **{f"given_{modality}": given.get(modality, none) for modality in MODALITIES},
            "pair_hash": pairs,
            "duplicate_of": repeats,
            "source": [block.source] * count,
            **dict.fromkeys(("image_hash", "text_hash", "text", "width", "height", "pictures"), none),
        }

    def _write_new(self, modality: str, hashes: list[str], vectors: np.ndarray) -> None:
        """Write the vectors (n, d) whose hashes were not written yet."""
        seen = self._given[modality]
        new = [place for place, name in enumerate(hashes) if not (name in seen or seen.add(name))]  # type: ignore[func-returns-value]
        if new:
            taken = vectors if len(new) == len(hashes) else vectors[new]
            self._write_given(modality, [hashes[place] for place in new], taken)

    def _take_ids(self, names: Sequence[str]) -> None:
        distinct = set(names)
        if len(distinct) == len(names) and self._ids.isdisjoint(distinct):
            self._ids |= distinct
            return
        for name in names:  # say which one it is
            self._take_id(name)

    def _take_id(self, name: str) -> None:
        if name in self._ids:
            raise StoreError(
                f"The id {name!r} occurs twice in this dataset.",
                remedy="Give every item an id of its own.",
            )
        self._ids.add(name)

    def _row(self, item: Item, given: dict[str, str], sizes: Sizes) -> dict[str, Any]:
        self._take_id(item.id)
        image = None if item.image is None else content_hash(item.image)
        text = None if item.text is None else content_hash(item.text)
        pictures = [content_hash(each) for each in item.pictures]
        pair = _pair_hash(
            image or given.get("image"), text or given.get("text"), given.get("vector"), *pictures
        )
        first = self._first.setdefault(pair, item.id)
        if self._is_version(item.id, first):
            first = item.id
        width, height = sizes[image] if image else (None, None)
        row = {
            "row": self.rows,
            "id": item.id,
            "image_hash": image,
            "text_hash": text,
            "text": item.text,
            "label": item.label,
            "split": item.split,
            "metadata": json_bytes(item.metadata).decode(),
            **{f"given_{modality}": given.get(modality) for modality in MODALITIES},
            "pair_hash": pair,
            "duplicate_of": "" if first == item.id else first,
            "source": item.source,
            "width": width,
            "height": height,
            "pictures": pictures or None,
        }
        self.rows += 1
        self.duplicates += first != item.id
        return row

    def _is_version(self, name: str, first: str) -> bool:
        """Whether two ids are versions of one item, which is no duplicate of itself: "a#2" is one of "a"."""
        stem = _stem(name)
        return stem != name and stem == _stem(first) and stem in self._ids

    def _stage_images(self, images: dict[str, tuple[bytes, str]]) -> Sizes:
        """Write the new images, given with the id of an item by hash; returns the sizes of all images."""
        unseen = [key for key in images if key not in self._sizes]
        stored = self._known_sizes(unseen) if unseen else {}
        new = [key for key in unseen if key not in stored]
        made = list(self._threads.map(lambda key: thumbnail(images[key][0], item=images[key][1]), new))
        if new:
            columns = [
                pa.array(new, pa.string()),
                pa.array([images[key][0] for key in new], pa.large_binary()),
                pa.array([small.webp for small in made], pa.binary()),
                pa.array([small.width for small in made], pa.int32()),
                pa.array([small.height for small in made], pa.int32()),
            ]
            self._write("blobs", pa.RecordBatch.from_arrays(columns, schema=BLOBS))
        self.images_new += len(new)
        fresh = {key: (small.width, small.height) for key, small in zip(new, made, strict=True)}
        self._sizes |= stored | fresh
        return {key: self._sizes[key] for key in images}

    def _stage_vectors(self, item: Item) -> dict[str, str]:
        unknown = set(item.vectors) - set(MODALITIES)
        if unknown:
            raise StoreError(
                f"Item {item.id!r} has vectors of {sorted(unknown)}; expected {', '.join(MODALITIES)}.",
                remedy="Name them image or text, or pass one unnamed vector.",
            )
        for modality, vector in item.vectors.items():
            if vector.ndim != 1 or vector.size == 0 or not np.isfinite(vector).all():
                raise StoreError(
                    f"The {modality} vector of item {item.id!r} is not a row of finite numbers.",
                    remedy="Leave the item out, or repair the file.",
                )
        return {modality: content_hash(vector) for modality, vector in item.vectors.items()}

    def _write_vectors(self, items: Sequence[Item], given: Sequence[dict[str, str]]) -> None:
        for modality in MODALITIES:
            new = {
                hashes[modality]: item.vectors[modality]
                for item, hashes in zip(items, given, strict=True)
                if modality in hashes and hashes[modality] not in self._given[modality]
            }
            if new:
                self._given[modality].update(new)
                self._write_given(modality, list(new), list(new.values()))

    def _write_given(
        self, modality: str, hashes: list[str], vectors: Sequence[np.ndarray] | np.ndarray
    ) -> None:
        name = f"given-{modality}"
        widths = {vector.shape[0] for vector in vectors}
        if name in self._schemas:
            widths.add(self._schemas[name].field("vector").type.list_size)
        if len(widths) > 1:
            raise StoreError(
                f"The {modality} vectors have different widths: {sorted(widths)}.",
                remedy="Import the vectors of one encoder at a time.",
            )
        schema = self._schemas.get(name) or vector_schema("given", modality, widths.pop())
        whole = vectors if isinstance(vectors, np.ndarray) else np.stack(vectors)
        self._write(name, vector_batch(schema, hashes, whole))

    def _write(self, name: str, batch: pa.RecordBatch) -> None:
        if name not in self._writers:
            file = self._open.enter_context(pa.OSFile(str(self.folder / f"{name}.arrow"), "wb"))
            self._writers[name] = self._open.enter_context(pa.ipc.new_stream(file, batch.schema))
            self._schemas[name] = batch.schema
        self._writers[name].write_batch(batch)


def batches(
    items: Iterator[Item | VectorItems], *, rows: int, size: int
) -> Iterator[list[Item] | VectorItems]:
    """Single items in lists of at most `rows`, with about `size` bytes of images at most; the others as they come."""
    batch: list[Item] = []
    held = 0
    for item in items:
        if isinstance(item, VectorItems):
            if batch:
                yield batch
            yield item
            batch, held = [], 0
            continue
        batch.append(item)
        held += image_bytes(item)
        if len(batch) >= rows or held >= size:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def image_bytes(item: Item) -> int:
    """Bytes of all images of an item."""
    return sum(map(len, _images(item)))


def _images(item: Item) -> tuple[bytes, ...]:
    return item.pictures if item.image is None else (item.image, *item.pictures)


def _stem(name: str) -> str:
    """An id without a final #number, which marks a version."""
    stem, mark, number = name.rpartition("#")
    return stem if mark and stem and number.isdecimal() else name


def _hashes(vectors: np.ndarray) -> list[str]:
    """`content_hash` of each row of vectors (n, d)."""
    rows = np.ascontiguousarray(vectors, dtype="<f4")
    content, size = rows.data.cast("B"), rows.shape[1] * rows.itemsize
    starts = range(0, len(content), size)
    return [hashlib.blake2b(content[start : start + size], digest_size=16).hexdigest() for start in starts]


def _pair_hash(image: str | None, text: str | None, vector: str | None, *pictures: str) -> str:
    content = "\n".join([image or "", text or "", vector or "", *pictures]).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()  # `content_hash`, without its cases
