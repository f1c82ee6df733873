"""Keep near-duplicate pairs beside the items: one file of arrays for each dataset and way of comparing.

A file is computed from what the tables hold, so it may be deleted at any time.
"""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from qlatent.store.disk import explained, write_atomically
from qlatent.types import Arrays

_FOLDER = ".duplicates"


class NearDuplicates:
    """The near-duplicate pairs of a workspace's datasets, in the folder of its items."""

    def __init__(self, items: Path) -> None:
        self._path = items / _FOLDER

    def write(self, dataset: str, name: str, arrays: Arrays) -> None:
        """Replace the arrays of a dataset under this name; a full disk raises `StoreError`."""
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, **arrays)
        with explained("near-duplicates", self._path, needed=content.getbuffer().nbytes):
            self._path.mkdir(exist_ok=True)
            write_atomically(self._file(dataset, name), content.getvalue())

    def read(self, dataset: str, name: str) -> Arrays | None:
        """The arrays, or None if there are none that can be read."""
        try:
            with np.load(self._file(dataset, name), allow_pickle=False) as content:
                return {each: content[each] for each in content.files}
        except (OSError, ValueError, EOFError, BadZipFile):  # none yet, or a damaged file: computed again
            return None

    def stamp(self, dataset: str, name: str) -> int:
        """A number that changes with the arrays, 0 if there are none."""
        try:
            return self._file(dataset, name).stat().st_mtime_ns
        except OSError:
            return 0

    def drop(self, dataset: str) -> None:
        """Delete the arrays of a dataset."""
        for file in self._path.glob(f"{dataset}.*.npz"):
            file.unlink(missing_ok=True)

    def _file(self, dataset: str, name: str) -> Path:
        return self._path / f"{dataset}.{name}.npz"
