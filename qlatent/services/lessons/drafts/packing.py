"""A draft as the folder of a lesson, packed into a zip."""

from __future__ import annotations

import io
import re
import zipfile

import pandas as pd

from qlatent.services.exports import tables
from qlatent.services.lessons import folders
from qlatent.services.lessons.drafts import writing
from qlatent.services.lessons.drafts.drafting import Draft
from qlatent.services.lessons.drafts.naming import Source
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.teaching.parsing import parse

MOST_BYTES = 25_000_000
"""Of the vectors, and of the pictures, that a folder brings."""


def folder_name(title: str) -> str:
    """A name for the folder of a lesson, which is its id: letters, digits and hyphens, and no other lesson's."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60].strip("-") or "lesson"
    taken = folders.first()
    numbered = (plain, *(f"{plain}-{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in numbered if each not in taken)


def items(workspace: Workspace, draft: Draft) -> int:
    """How many items the draft's own data have."""
    return sum(workspace.items.count(each.dataset) for each in draft.sources.values())


def small(workspace: Workspace, draft: Draft) -> bool:
    """Whether the vectors of the draft's own data fit into a folder that is downloaded."""
    return sum(_vector_bytes(workspace, each) for each in draft.sources.values()) <= MOST_BYTES


def zipped(workspace: Workspace, draft: Draft, *, title: str, text: str, with_data: bool) -> bytes:
    """The folder as a zip: `lesson.md`, `trainings.toml` where it is needed, and the data if `with_data`.

    A text that breaks the lesson raises `LessonError` with its line.
    """
    name = folder_name(title)
    written = writing.lesson(title, text, draft)
    parse(written, name=name, file=f"{name}/{folders.FILE}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/{folders.FILE}", written)
        if trainings := writing.trainings(draft.manifest):
            archive.writestr(f"{name}/{folders.TRAININGS}", trainings)
        for data, source in draft.sources.items() if with_data else ():
            (file,) = draft.manifest.data[data].files
            archive.writestr(f"{name}/{file}", _table(workspace, source))
    return buffer.getvalue()


def _vector_bytes(workspace: Workspace, source: Source) -> int:
    widths = stored.widths(workspace, source.dataset, source.encoder)
    return 4 * sum(widths.values()) * workspace.items.count(source.dataset)


def _table(workspace: Workspace, source: Source) -> bytes:
    """The items with their vectors, and with their pictures if these are small, as Parquet."""
    frame = tables.items_frame(workspace, source.dataset, version=source.version)
    frame = frame.drop(columns="duplicate_of")
    hashes = workspace.items.table(source.dataset, columns=["image_hash"], version=source.version)
    pictures = _pictures(workspace, hashes["image_hash"].to_pylist())
    if pictures is not None:
        frame["image"] = pictures
    for modality in stored.widths(workspace, source.dataset, source.encoder):
        array = stored.mapped(workspace, source.dataset, source.encoder, modality, version=source.version)
        rows = zip(array, stored.whole(array), strict=True)
        frame[f"{modality}_vector"] = [row.tolist() if whole else None for row, whole in rows]
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _pictures(workspace: Workspace, hashes: list[str | None]) -> pd.Series | None:
    """The bytes of the first picture of each item; None where there is none, or they are too large together."""
    found = workspace.items.images(hashes)
    if not found or sum(len(each) for each in found.values()) > MOST_BYTES:
        return None
    return pd.Series([found.get(each) if each else None for each in hashes], dtype=object)
