"""The pending record of an import, written into its claim just before its first commit.

An import changes both the items and the catalogue. If it is killed in between, there are rows that no list shows, or
more rows than the catalogue counts. A process that finds the claim completes the record; nothing is rolled back.
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
    """The state of a dataset after an import, and the import; `new` if the dataset has no other imports."""

    dataset: DatasetRecord
    record: ImportRecord
    new: bool

    def write(self, folder: Path) -> None:
        """Write the record into the folder of a claim, durably."""
        write_atomically(folder / _FILE, json_bytes(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> Pending | None:
        """The record in a claim's folder; None if its import had not reached its first commit."""
        path = folder / _FILE
        if not path.is_file():
            return None
        content = json.loads(path.read_bytes())
        dataset = {**content["dataset"], "modalities": tuple(content["dataset"]["modalities"])}
        return cls(DatasetRecord(**dataset), ImportRecord(**content["record"]), content["new"])
