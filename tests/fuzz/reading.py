"""What is done with a file that somebody brought: every way in, to its end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from qlatent.errors import QlatentError
from qlatent.ingest import open_source
from qlatent.ingest.files.stored_arrays import read_arrays
from qlatent.ingest.judgements import files
from qlatent.services.heads import kept_heads
from qlatent.store.workspace import Workspace
from qlatent.types import Refusal

JUDGED = (".csv", ".tsv", ".jsonl", ".json", ".trec", ".gz")


def imported(path: Path) -> str:
    """How the import of a file ends: rows kept and refused, or the sentence of a `QlatentError`."""
    try:
        source = open_source(path)
        mapping = source.guess()
        kept = refused = 0
        for row in source.rows(mapping):
            if isinstance(row, Refusal):
                refused += 1
                assert row.reason and len(row.reason) <= 500
                (row.reason + row.id).encode()
                continue
            kept += 1
            json.dumps([row.id, row.text, row.label, row.split, row.metadata], allow_nan=False)
            json.dumps([row.id, row.text, row.label, row.metadata], ensure_ascii=False).encode()
            assert all(np.isfinite(vector).all() for vector in row.vectors.values())
        source.fingerprint(mapping)
        "".join([*source.remarks(), *(column.name + column.sample for column in source.columns)]).encode()
    except QlatentError as err:
        return _said(err)
    return f"{kept} kept, {refused} refused"


def judged(path: Path) -> list[str]:
    """How a file ends that is read as queries, as judgements and as a run."""
    found = []
    for read in (files.read_queries, files.read_judgements, files.read_run):
        try:
            found.append(type(read(path)).__name__)
        except QlatentError as err:
            found.append(_said(err))
    return found


def arrays(path: Path) -> str:
    """How a file of arrays ends that is read as a whole."""
    try:
        return f"{len(read_arrays(path))} arrays"
    except QlatentError as err:
        return _said(err)


def loaded(workspace: Workspace, path: Path) -> str:
    """How a head ends that is loaded, listed and removed again."""
    try:
        head = kept_heads.load_upload(workspace, path, name=path.stem)
    except QlatentError as err:
        assert kept_heads.list_heads(workspace) == []
        return _said(err)
    (view,) = kept_heads.list_heads(workspace)
    assert not view.broken, view.broken
    assert all(isinstance(value, int) for value in view.parameter_count.values())
    kept_heads.model_card(workspace, head).encode()
    kept_heads.remove(workspace, head)
    return "1 head"


def every_way(path: Path, workspace: Workspace) -> list[str]:
    """How it ends, whatever is done with the file; anything but a `QlatentError` is raised."""
    ends = [imported(path)]
    if path.suffix in JUDGED:
        ends += judged(path)
    if path.suffix in (".npz", ".npy"):
        ends.append(arrays(path))
    if path.suffix == ".zip":
        ends.append(loaded(workspace, path))
    return ends


def _said(err: QlatentError) -> str:
    assert err.message.strip()
    str(err).encode()  # a sentence that no terminal could show helps nobody
    return err.message
