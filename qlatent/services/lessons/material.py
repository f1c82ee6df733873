"""The data sets of lessons in a workspace: read from a lesson or drawn, stored and encoded once. Torch-free."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from qlatent.errors import InputError, RunError
from qlatent.services.datasets import datasets
from qlatent.services.datasets.import_records import Preview
from qlatent.services.lessons.manifest import Drawing, fault, folder_of, manifest
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import Encoding
from qlatent.services.vectors.encoding_run import EncodingRequest, encoding_spec
from qlatent.store.disk import write_atomically
from qlatent.store.workspace import Workspace

REMEDY = "Prepare the lesson first (`qlatent lessons prepare`)."
DRAWN = "drawn"  # folder of a workspace with the pictures that were drawn for lessons


def prepare(workspace: Workspace, name: str) -> None:
    """Store the data set of this name, and start its encoding where it has one; what is there is not made again."""
    _draw(workspace, name)
    if dataset_id(workspace, name) is None:
        try:
            seen = datasets.preview(workspace, _source(workspace, name))
            datasets.store(workspace, seen, name=manifest().data[name].title)
        except InputError as err:  # pictures are decoded only now
            raise fault(name, "data", err.message, err.remedy, key="files") from err
    if manifest().data[name].encoder:
        _encode(workspace, name)


def ready(workspace: Workspace, name: str) -> bool:
    """Whether the data set of this name is stored and, where it has an encoder, encoded."""
    if dataset_id(workspace, name) is None:
        return False
    run = encoding(workspace, name)
    return not manifest().data[name].encoder or (run is not None and run.state == "finished")


def encoding(workspace: Workspace, name: str) -> RunSummary | None:
    """The run that encodes a data set: a finished one, else the newest; None without one."""
    data, dataset = manifest().data[name], dataset_id(workspace, name)
    found = [
        run
        for run in listing.list_runs(workspace, "encode")
        if isinstance(run.spec, Encoding)
        and (run.dataset, run.spec.encoder, run.spec.views) == (dataset, data.encoder, data.views)
    ]
    return next((run for run in found if run.state == "finished"), found[0] if found else None)


def stop(workspace: Workspace, name: str) -> None:
    """Stop the encoding of a data set; vectors that are there are kept."""
    run = encoding(workspace, name)
    if run is not None and run.active:
        with suppress(RunError):  # it has ended meanwhile
            queue.stop(workspace, run.id)


def _encode(workspace: Workspace, name: str) -> None:
    data, run = manifest().data[name], encoding(workspace, name)
    if run is not None and run.state != "finished" and not run.active:
        queue.resume(workspace, run.id)
    if run is not None:
        return
    request = EncodingRequest(
        dataset(workspace, name), data.encoder, views=data.views, name=f"{data.title}, encoded"
    )
    queue.start(workspace, encoding_spec(workspace, request), token=f"lesson {identity(workspace, name)}")


def dataset_id(workspace: Workspace, name: str) -> str | None:
    """The id of a lesson's data set in this workspace, or None if it is not there."""
    content = identity(workspace, name)
    found = workspace.catalogue.find_import(content, dataset=None) if content else None
    return found.dataset_id if found and workspace.items.has(found.dataset_id) else None


def dataset(workspace: Workspace, name: str) -> str:
    """The id of a lesson's data set in this workspace; `InputError` where it is not there."""
    found = dataset_id(workspace, name)
    if found is None:
        raise InputError(f"The data {manifest().data[name].title!r} is not there.", remedy=REMEDY)
    return found


def identity(workspace: Workspace, name: str) -> str:
    """The fingerprint of the files of a data set as they are now; "" where they are still to be drawn."""
    source = _source(workspace, name)
    changed = tuple(Path(each).stat().st_mtime_ns if Path(each).exists() else 0 for each in source)
    if manifest().data[name].drawn and not all(changed):
        return ""
    return _seen(workspace, name, tuple(source), changed).fingerprint


@lru_cache(maxsize=16)
def _seen(workspace: Workspace, name: str, source: tuple[str, ...], changed: tuple[int, ...]) -> Preview:
    """The files of a data set, read to their end; one that cannot be read in whole raises `InputError`."""
    try:
        seen = datasets.preview(workspace, list(source))
    except InputError as err:
        raise fault(name, "data", err.message, err.remedy, key="files") from err
    if seen.problem:
        raise fault(name, "data", seen.problem.message, seen.problem.remedy, key="files")
    if seen.refusals:
        first = seen.refusals[0]
        rows = seen.good + seen.refused
        said = f"{seen.refused} of {rows} rows cannot be used; the first is row {first.row}: {first.reason}"
        raise fault(name, "data", said, "Correct these rows, or take them away.", key="files")
    return seen


def _source(workspace: Workspace, name: str) -> list[str]:
    data = manifest().data[name]
    if data.drawn:
        return [str(workspace.path / DRAWN / f"{_digest(data.drawn)}.zip")]
    return [str(folder_of(name) / file) for file in data.files]


def _digest(drawing: Drawing) -> str:
    return hashlib.sha256(drawing.model_dump_json().encode()).hexdigest()[:16]


def _draw(workspace: Workspace, name: str) -> None:
    """Draw the pictures of a data set if it has any and they are not there."""
    drawing, file = manifest().data[name].drawn, Path(_source(workspace, name)[0])
    if drawing is None or file.exists():
        return
    from qlatent.demo import pictures

    try:
        content = pictures.zipped(drawing.kinds, each=drawing.each, side=drawing.side, seed=drawing.seed)
    except InputError as err:
        raise fault(name, "data", err.message, err.remedy, key="drawn") from err
    file.parent.mkdir(exist_ok=True)
    write_atomically(file, content)
