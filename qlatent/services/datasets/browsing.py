"""Looking through the items of a dataset: rows by search, thumbnails by hash. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from qlatent.errors import StoreError
from qlatent.services.datasets import facts
from qlatent.services.datasets.csv_text import csv_of
from qlatent.store.workspace import Workspace

RECENT = 4  # runs whose progress is looked at
COLUMNS = ("row", "id", "text", "label", "split", "image_hash", "duplicate_of", "source")


def version(workspace: Workspace, dataset: str) -> int:
    """A number that changes whenever the items do: what caches of them are keyed by."""
    return workspace.items.version(dataset)


def state_of(workspace: Workspace) -> str:
    """A text that changes when a dataset is added, renamed or removed, or an encoding run moves on."""
    found = [(each.id, each.rows, each.name) for each in workspace.catalogue.datasets()]
    busy = [each.id for each in workspace.catalogue.runs() if each.kind != "train"]
    moved = [_moved(workspace, run_id) for run_id in sorted(busy)[-RECENT:]]
    return repr((found, moved))


def _moved(workspace: Workspace, run_id: str) -> tuple[str, str, int]:
    try:
        status = workspace.run(run_id).status()
    except StoreError:  # removed at this very moment
        return run_id, "", 0
    return run_id, status.state, status.step


def items(workspace: Workspace, dataset: str) -> pd.DataFrame:
    """The rows of a dataset: the columns in `COLUMNS`, missing texts and labels as "", and behind them their metadata.

    Each key of the metadata is a column with a type (see `facts.columns`); `facts_of` names them.
    """
    table = workspace.items.table(dataset, columns=[*COLUMNS, "metadata"]).to_pandas()
    words = ["text", "label", "split", "image_hash", "duplicate_of"]
    table[words] = table[words].fillna("")
    known = facts.columns(table.pop("metadata").tolist(), beside=COLUMNS)
    return pd.concat([table, known], axis=1)


def facts_of(table: pd.DataFrame) -> list[str]:
    """The columns of a table of items that come from their metadata."""
    return [name for name in table.columns if name not in COLUMNS]


def having(table: pd.DataFrame, column: str, wanted: Any) -> pd.DataFrame:
    """The rows whose value in a column fits; rows without a value do not.

    `wanted` is (least, largest) for numbers and dates, None for no bound; the values themselves for truth values; and
    for texts the values, or words that must all occur in it.
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
    """The rows by a column, those without a value at the end, equal ones in their old order."""
    key = table[column].replace("", None) if facts.kind(table[column]) == "text" else table[column]
    places = (
        key.reset_index(drop=True)
        .sort_values(ascending=not descending, kind="stable", na_position="last")
        .index
    )
    return table.iloc[places]


def found(table: pd.DataFrame, *, words: str = "", duplicates: bool = False, label: str = "") -> pd.DataFrame:
    """The rows that contain every one of the words in id, text or label, whatever their case."""
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
    """A table of items as the bytes of a CSV: what they are and what is known of them, without inner columns."""
    return csv_of(table.drop(columns=["image_hash", "source"])).encode()


def texts(workspace: Workspace, dataset: str, rows: Sequence[int], *, at: int | None = None) -> list[str]:
    """The texts of some rows of a dataset as it was at version `at`; "" for each once it was removed."""
    try:
        column = workspace.items.table(dataset, columns=["text"], version=at)["text"]
    except StoreError:
        return [""] * len(rows)
    return [text or "" for text in column.take(list(map(int, rows))).to_pylist()]


def frames(workspace: Workspace, run_id: str) -> str:
    """A name for the frames that a run has recorded so far: their number and last step; "" for none."""
    steps = workspace.run(run_id).snapshot_steps()
    return f"{len(steps)}-{steps[-1]}" if steps else ""


def thumbnails(workspace: Workspace, hashes: Sequence[str]) -> dict[str, bytes]:
    """WebP thumbnails by image hash; hashes without an image are left out."""
    return workspace.items.thumbnails(hashes)
