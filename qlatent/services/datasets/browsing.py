"""Browse the items of a dataset: search rows, load thumbnails by hash. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from qlatent.errors import StoreError
from qlatent.ingest.cells import html_text
from qlatent.services.datasets import facts, tombstone
from qlatent.services.datasets.csv_text import csv_of
from qlatent.store.workspace import Workspace

RECENT = 4  # newest encoding runs that count
COLUMNS = ("row", "id", "text", "label", "split", "image_hash", "duplicate_of", "source")


def version(workspace: Workspace, dataset: str) -> int:
    """A number that changes whenever the items do, as a cache key."""
    return workspace.items.version(dataset)


def state_of(workspace: Workspace) -> str:
    """A text that changes with the datasets and the collections, and when an encoding run makes progress."""
    found = [(each.id, each.rows, each.name) for each in workspace.catalogue.datasets()]
    busy = [each.id for each in workspace.catalogue.runs() if each.kind != "train"]
    moved = [_moved(workspace, run_id) for run_id in sorted(busy)[-RECENT:]]
    kept = [(each.id, each.changed) for each in workspace.catalogue.collections.all()]
    return repr((found, moved, kept))


def _moved(workspace: Workspace, run_id: str) -> tuple[str, str, int]:
    try:
        status = workspace.run(run_id).status()
    except StoreError:  # removed in the meantime
        return run_id, "", 0
    return run_id, status.state, status.step


def items(workspace: Workspace, dataset: str) -> pd.DataFrame:
    """The rows of a dataset: the columns in `COLUMNS`, with missing texts and labels as "", followed by metadata.

    Each metadata key is a typed column (see `facts.columns`); `facts_of` lists them.
    """
    table = workspace.items.table(dataset, columns=[*COLUMNS, "metadata"]).to_pandas()
    words = ["text", "label", "split", "image_hash", "duplicate_of"]
    table[words] = table[words].fillna("")
    known = facts.columns(table.pop("metadata").tolist(), beside=COLUMNS)
    return pd.concat([table, known], axis=1)


def one(workspace: Workspace, dataset: str, row: int) -> dict[str, Any]:
    """The item in a row, missing parts as "", with its metadata as an object; an unknown row raises `StoreError`."""
    (found,) = workspace.items.rows(dataset, [row], columns=[*COLUMNS, "metadata"])
    known = json.loads(found.pop("metadata") or "{}")
    return {name: "" if value is None else value for name, value in found.items()} | {"metadata": known}


def facts_of(table: pd.DataFrame) -> list[str]:
    """The metadata columns of a table of items."""
    return [name for name in table.columns if name not in COLUMNS]


def having(table: pd.DataFrame, column: str, wanted: Any) -> pd.DataFrame:
    """The rows whose value in a column matches; rows without a value do not match.

    `wanted` is (least, largest) for numbers and dates, with None for no bound; a collection of values for truth values;
    and for texts a collection of values, or words that must all occur.
    """
    values = table[column]
    if isinstance(wanted, str):
        mask = values.notna()
        for word in wanted.lower().split():
            mask &= values.fillna("").str.lower().str.contains(word, regex=False)
    elif facts.kind(values) in ("number", "date"):
        least, largest = wanted
        mask = values.notna()
        mask &= (values >= least).fillna(False) if least is not None else True
        mask &= (values <= largest).fillna(False) if largest is not None else True
    else:
        mask = values.isin(list(wanted)) & values.notna()
    return table[mask.astype(bool)]


def ordered(table: pd.DataFrame, column: str, *, descending: bool = False) -> pd.DataFrame:
    """The rows sorted by a column, stably, with missing values at the end."""
    key = table[column].replace("", None) if facts.kind(table[column]) == "text" else table[column]
    places = (
        key.reset_index(drop=True)
        .sort_values(ascending=not descending, kind="stable", na_position="last")
        .index
    )
    return table.iloc[places]


def found(table: pd.DataFrame, *, words: str = "", duplicates: bool = False, label: str = "") -> pd.DataFrame:
    """The rows that contain all of the words in id, text or label, ignoring case."""
    mask = pd.Series(True, index=table.index)
    for word in words.lower().split():
        hits = [
            table[column].str.lower().str.contains(word, regex=False) for column in ("id", "text", "label")
        ]
        mask &= hits[0] | hits[1] | hits[2]
    if duplicates:
        repeated = set(table.loc[table["duplicate_of"] != "", "duplicate_of"])
        mask &= (table["duplicate_of"] != "") | table["id"].isin(repeated)
    if label:
        mask &= table["label"] == label
    return table[mask]


def rows_csv(table: pd.DataFrame) -> bytes:
    """A table of items as CSV bytes: its content and metadata, without internal columns."""
    return csv_of(table.drop(columns=["image_hash", "source"])).encode()


def plain_text(text: str) -> str:
    """A text as a person reads it: HTML as plain text with its links named, any other text as it is."""
    return html_text.plain(text)


def texts(workspace: Workspace, dataset: str, rows: Sequence[int], *, at: int | None = None) -> list[str]:
    """The texts of some rows of a dataset at version `at`; "" for all of them if the dataset was removed."""
    try:
        column = workspace.items.table(dataset, columns=["text"], version=at)["text"]
    except StoreError:
        return [""] * len(rows)
    return [text or "" for text in column.take(list(map(int, rows))).to_pylist()]


def frames(workspace: Workspace, run_id: str) -> str:
    """A cache key for the recorded frames of a run: their number and last step; "" without frames."""
    steps = workspace.run(run_id).snapshot_steps()
    return f"{len(steps)}-{steps[-1]}" if steps else ""


def thumbnails(workspace: Workspace, hashes: Sequence[str]) -> dict[str, bytes]:
    """WebP thumbnails by image hash, of a withheld picture one that says so; hashes without an image are left out."""
    withheld = workspace.items.withheld.hashes()
    return workspace.items.thumbnails(hashes) | {
        key: tombstone.thumbnail() for key in hashes if key in withheld
    }
