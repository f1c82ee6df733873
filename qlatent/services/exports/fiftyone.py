"""Export for FiftyOne: pictures, and the JSON that `fiftyone.Dataset.from_json` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from qlatent.errors import InputError
from qlatent.json_values import plain
from qlatent.services.datasets import facts
from qlatent.services.exports.choice import Choice, Chosen, new_folder
from qlatent.services.exports.pictures import pictures
from qlatent.services.exports.tables import items_frame
from qlatent.store.disk import explained
from qlatent.store.workspace import Workspace

SAMPLES = "samples.json"
_FIELDS = "fiftyone.core.fields"
# dates are texts, since `Sample.from_dict` reads no date
_KINDS = {
    "truth value": "BooleanField",
    "number": "FloatField",
    "date": "StringField",
    "text": "StringField",
}
# names that FiftyOne's samples have already
_TAKEN = (
    "id",
    "filepath",
    "tags",
    "metadata",
    "created_at",
    "last_modified_at",
    "media_type",
    "label",
    "split",
)


def write(workspace: Workspace, chosen: Chosen, choice: Choice, out: Path) -> dict[str, Any]:
    """Write a new folder with `data/` and `samples.json`; returns how many samples it has and how to read it.

    A sample has the item's picture as `filepath`, its split as a tag, its label as a classification, its id as
    `item_id`, and its text and metadata as fields. Items without a picture are left out, since every sample of FiftyOne
    is a media file; no picture at all raises `InputError`.
    """
    hashes = workspace.items.table(chosen.dataset, columns=["image_hash"])["image_hash"].take(chosen.rows)
    if hashes.null_count == len(hashes):
        raise InputError(
            f"No item of {chosen.name!r} has a picture, and FiftyOne shows pictures.",
            remedy="Write a table, or export for embedding-atlas.",
        )
    folder = new_folder(out)
    (folder / "data").mkdir()
    files: dict[int, str] = {}
    with explained("the export", folder):
        for row, name, content in pictures(workspace, chosen.dataset, chosen.rows, choice):
            (folder / "data" / name).write_bytes(content)
            files[row] = f"data/{name}"
        frame = items_frame(workspace, chosen.dataset, rows=chosen.rows)
        kept = frame[[int(row) in files for row in chosen.rows]].drop(columns="duplicate_of")
        document = _dataset(chosen.name, kept, list(files.values()))
        (folder / SAMPLES).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    read = f"fiftyone.Dataset.from_json({str(folder / SAMPLES)!r}, rel_dir={str(folder)!r})"
    return {"rows": len(files), "left_out": len(chosen.rows) - len(files), "open_with": read}


def _dataset(name: str, frame: pd.DataFrame, files: list[str]) -> dict[str, Any]:
    fields = {
        column: _field_name(str(column)) for column in frame.columns if column not in ("label", "split")
    }
    cells = {field: _cells(frame[column]) for column, field in fields.items()}
    samples = []
    for place, file in enumerate(files):
        label, split = frame["label"].iloc[place], frame["split"].iloc[place]
        sample: dict[str, Any] = {"filepath": file, "tags": [split] if pd.notna(split) else []}
        if pd.notna(label):
            sample["label"] = {"_cls": "Classification", "label": label}
        samples.append(sample | {field: values[place] for field, values in cells.items()})
    kinds = {field: f"{_FIELDS}.{_KINDS[facts.kind(frame[column])]}" for column, field in fields.items()}
    label = f"{_FIELDS}.EmbeddedDocumentField(fiftyone.core.labels.Classification)"
    return {
        "name": name, "media_type": "image", "sample_fields": {"label": label, **kinds},
        "info": {"source": "qlatent"}, "samples": samples,
    }  # fmt: skip


def _field_name(column: str) -> str:
    """The column as a field: FiftyOne refuses dots, leading underscores and dollar signs, and names of its own."""
    if column == "id":
        return "item_id"
    name = column.replace(".", "_").lstrip("_$") or "column"
    return f"{name}_" if name in _TAKEN else name


def _cells(values: pd.Series) -> list[Any]:
    """The values in JSON's own types, missing ones as null and dates in ISO 8601."""
    kind = facts.kind(values)
    read = {"number": float, "date": lambda each: each.isoformat()}.get(kind, plain)
    return [None if pd.isna(each) else read(each) for each in values]
