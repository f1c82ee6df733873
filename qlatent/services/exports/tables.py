"""Items with their metadata and vectors as tables, in files of three kinds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.services.datasets import facts
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

KNOWN = ("id", "text", "label", "split", "duplicate_of")
TABLES = (".parquet", ".csv", ".jsonl")


def items_frame(
    workspace: Workspace, dataset: str, *, rows: NDArray[np.int64] | None = None, version: int | None = None
) -> pd.DataFrame:
    """Items, all or some rows, at a version, with the columns `KNOWN` and their metadata as typed columns.

    A metadata column whose name is also a part of an item becomes "<name> (metadata)".
    """
    table = workspace.items.table(dataset, columns=[*KNOWN, "metadata"], version=version)
    frame = (table if rows is None else table.take(rows)).to_pandas()
    return pd.concat([frame, facts.columns(frame.pop("metadata").tolist(), beside=KNOWN)], axis=1)


def dataset_frame(
    workspace: Workspace, dataset: str, *, rows: NDArray[np.int64] | None = None
) -> pd.DataFrame:
    """Items, all or some rows, as in `items_frame`, with vector columns `<modality>_vector`.

    With several encoders the name is `<modality>_vector@<key>`.
    """
    frame = items_frame(workspace, dataset, rows=rows)
    have = [each for each in workspace.items.encoders(dataset) if each["encoded"]]
    several = len({each["key"] for each in have}) > 1
    for each in have:
        key, modality = each["key"], each["modality"]
        array = stored.mapped(workspace, dataset, key, modality)
        array = np.asarray(array if rows is None else array[rows])
        name = f"{modality}_vector@{key}" if several else f"{modality}_vector"
        frame[name] = [row if ok else None for row, ok in zip(array, stored.whole(array), strict=True)]
    return frame


def spread(found: Arrays) -> pd.DataFrame:
    """A table with one column per latent dimension and one for the norm, for each modality."""
    columns: dict[str, Any] = {}
    for name, array in found.items():
        columns |= {f"{name}_{i}": array[:, i] for i in range(array.shape[1])}
        columns[f"{name}_norm"] = lengths.lengths(array)
    return pd.DataFrame(columns)


def write_table(frame: pd.DataFrame, out: Path) -> None:
    """Write a table as .parquet, .csv or .jsonl, by the extension; the last two have vectors as JSON lists.

    CSV is read by spreadsheets, so texts that look like formulas are escaped in it.
    """
    check_ending(out, TABLES)
    if out.suffix == ".parquet":
        frame.to_parquet(out, index=False)
    elif out.suffix == ".csv":
        out.write_bytes(csv_of(frame).encode())
    else:
        plain = frame.map(lambda value: value.tolist() if isinstance(value, np.ndarray) else value)
        plain.to_json(out, orient="records", lines=True, force_ascii=False, date_format="iso")


def check_ending(out: Path, endings: tuple[str, ...]) -> None:
    if out.suffix not in endings:
        raise InputError(
            f"Cannot write {out.name}: got the extension {out.suffix!r}.", remedy=f"Use {', '.join(endings)}."
        )
    if not out.resolve().parent.is_dir():
        raise InputError(
            f"There is no folder {out.resolve().parent}.", remedy="Create it first, or choose another folder."
        )
