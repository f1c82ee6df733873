"""The files of a hardware job in its run folder: what is submitted, what is known already, and the results."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from qlatent.errors import StoreError
from qlatent.store.disk import json_bytes, write_atomically
from qlatent.store.runs.run_folder import RunFolder

if TYPE_CHECKING:
    import numpy as np

    from qlatent.types import Arrays


_WORDS = {"outcome": "results", "prepared": "angles"}


class JobFiles:
    """Documents and arrays by name; each pair is complete once its document exists."""

    def __init__(self, folder: RunFolder) -> None:
        self.path, self._run = folder.path, folder.id

    @property
    def device_path(self) -> Path:
        """The folder in which a runner that computes here keeps the parts it has done."""
        return self.path / "device"

    @property
    def head_path(self) -> Path:
        """The copy of the head that the job was prepared with."""
        return self.path / "head"

    def copy_head(self, folder: Path) -> None:
        """Copy a head, so that the job's results can be read after the head was deleted."""
        shutil.copytree(folder, self.head_path, dirs_exist_ok=True)

    def has(self, name: str) -> bool:
        """Whether the pair of this name is complete."""
        return self._document(name).is_file()

    def write(self, name: str, document: dict[str, Any], arrays: Arrays) -> None:
        """Write `<name>.npz`, then `<name>.json`; readers never see half of either."""
        import numpy as np

        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_atomically(self.path / f"{name}.npz", buffer.getvalue())
        write_atomically(self._document(name), json_bytes(document))

    def read(self, name: str) -> tuple[dict[str, Any], Arrays]:
        """The document and arrays of this name; missing or damaged files raise `StoreError`."""
        import numpy as np

        try:
            document: dict[str, Any] = json.loads(self._document(name).read_bytes())
            with np.load(self.path / f"{name}.npz", allow_pickle=False) as content:
                arrays: dict[str, np.ndarray] = {key: content[key] for key in content.files}
        except FileNotFoundError as err:
            raise StoreError(
                f"Job {self._run} has no {_WORDS.get(name, name)} (yet).",
                remedy=f"See where it stands: `qlatent hardware status {self._run}`.",
            ) from err
        except (ValueError, EOFError, BadZipFile) as err:
            raise StoreError(
                f"{name} of job {self._run} cannot be read: {err}.",
                remedy="Resume the job: what the device has measured is fetched again, if it still keeps it.",
            ) from err
        return document, arrays

    def write_table(self, name: str, content: bytes) -> None:
        """Write a table as a file of this name."""
        write_atomically(self.path / name, content)

    def _document(self, name: str) -> Path:
        return self.path / f"{name}.json"
