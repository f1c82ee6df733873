"""What an import is about to record, written into its claim just before its first commit.

An import spans the items and the catalogue. Killed in between it leaves rows that no list shows, or more rows than the
lists say. Whoever finds its claim reads here what is still to be recorded: nothing has to be taken back.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from qlatent.store.catalogue.records import DatasetRecord, ImportRecord
from qlatent.store.disk import json_bytes, write_atomically

_FILE = "pending.json"


@dataclass(frozen=True, slots=True)
class Pending:
    """A dataset as it is with the import, and the import itself; `new` when it has no others."""

    dataset: DatasetRecord
    record: ImportRecord
    new: bool

    def write(self, folder: Path) -> None:
        """Puts it into the folder of a claim, durably."""
        write_atomically(folder / _FILE, json_bytes(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Pending | None:
        """What a claim's folder holds; None when its import had not come to its first commit."""
        path = folder / _FILE
        if not path.is_file():
            return None
        content = json.loads(path.read_bytes())
        dataset = {**content["dataset"], "modalities": tuple(content["dataset"]["modalities"])}
        return cls(DatasetRecord(**dataset), ImportRecord(**content["record"]), content["new"])
