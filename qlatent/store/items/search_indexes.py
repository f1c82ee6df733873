"""Keep search indexes beside the items: arrays as mapped files, one folder for each dataset, encoder and modality.

An index is a copy of what the tables hold, so it may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.store.claims import Claims
from qlatent.store.disk import disk_full, explained, free_bytes, json_bytes
from qlatent.store.items import names
from qlatent.store.items.tables import Tables

_FOLDER, _DOCUMENT = ".indexes", "index.json"
_WHAT = "a search index"


@dataclass(frozen=True)
class StoredIndex:
    """An index as it was stored: JSON values and arrays by name, mapped and not writable."""

    document: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


class SearchIndexes:
    """The search indexes of a workspace, in the folder of its items."""

    def __init__(self, items: Path) -> None:
        self._items = items
        self._path = items / _FOLDER
        self._claims = Claims(self._path)

    def state(self, key: str = "", modality: str = "") -> str:
        """A text that changes with the stored vectors of an encoder key and modality, or with any vectors."""
        found = Tables(self._items).versions(names.vectors_prefix(key, modality) if key else "vectors.")
        return hashlib.blake2b(repr(found).encode(), digest_size=8).hexdigest()

    @contextmanager
    def writing(self, dataset: str, key: str, modality: str, *, size: int) -> Iterator[Path]:
        """A folder for the arrays (.npy) of an index of about `size` bytes; `publish` makes it the index.

        One process at a time; without room on the disk it raises `StoreError`.
        """
        with (
            explained(_WHAT, self._path),
            self._claims.hold(
                self.stem(dataset, key, modality), what=f"the search index of {dataset!r}"
            ) as folder,
        ):
            # writing to a mapped file on a full disk would kill the process
            if (free := free_bytes(self._path)) < 2 * size:
                raise disk_full(_WHAT, self._path, needed=2 * size, free=free)
            (folder / "made").mkdir()
            yield folder / "made"

    def publish(
        self, made: Path, dataset: str, key: str, modality: str, *, document: Mapping[str, Any]
    ) -> None:
        """Replace the index by a written folder with this document."""
        (made / _DOCUMENT).write_bytes(json_bytes(document))
        target = self._path / f"{self.stem(dataset, key, modality)}.index"
        with explained(_WHAT, self._path):
            if target.exists():
                target.replace(made.parent / "earlier")  # deleted with the claim's folder
            made.replace(target)

    def read(self, dataset: str, key: str, modality: str) -> StoredIndex | None:
        """The index, or None if there is none."""
        folder = self._path / f"{self.stem(dataset, key, modality)}.index"
        try:
            document = json.loads((folder / _DOCUMENT).read_bytes())
            arrays = {file.stem: np.load(file, mmap_mode="r") for file in sorted(folder.glob("*.npy"))}
        except (OSError, ValueError):  # none, or one that was replaced or deleted just now
            return None
        return StoredIndex(document, arrays)

    def drop(self, dataset: str) -> None:
        """Delete the indexes of a dataset."""
        for folder in self._path.glob(f"{dataset}.vectors.*.index"):
            shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def stem(dataset: str, key: str, modality: str) -> str:
        """The name of an index, without its ending."""
        return f"{dataset}.{names.vectors_prefix(key, modality)}".rstrip(".")
