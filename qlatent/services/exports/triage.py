"""Decisions and logs of queues as files: CSV that a spreadsheet does not run, JSON lines, or Parquet."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Literal

import pandas as pd

from qlatent.services.exports import tables
from qlatent.services.triage import audit
from qlatent.store.workspace import Workspace

What = Literal["decisions", "log"]
MIMES = {".csv": "text/csv", ".jsonl": "application/jsonl", ".parquet": "application/vnd.apache.parquet"}


def frame(workspace: Workspace, queue: str, *, what: What, by: str) -> pd.DataFrame:
    """The decisions of a queue or its log; needs the permission to export."""
    return (audit.decisions if what == "decisions" else audit.log)(workspace, queue, by=by)


def write(found: pd.DataFrame, out: Path) -> None:
    """Write decisions or a log by the extension of the file; in Parquet the details of an event are JSON."""
    if out.suffix == ".parquet" and "details" in found:  # events differ in what they tell
        found = found.assign(details=[json.dumps(each, ensure_ascii=False) for each in found["details"]])
    tables.write_table(found, out)


def content(workspace: Workspace, queue: str, *, what: What, ending: str, by: str) -> bytes:
    """The same as the bytes of a file."""
    with tempfile.TemporaryDirectory(prefix="qlatent-export-") as folder:
        out = Path(folder) / f"{what}{ending}"
        write(frame(workspace, queue, what=what, by=by), out)
        return out.read_bytes()
