"""Export latents, datasets with their vectors, and heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.ingest.files.stored_arrays import read_arrays
from qlatent.ingest.limits import Limits
from qlatent.services.datasets import facts
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.heads import kept_heads
from qlatent.services.vectors import stored
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

KNOWN = ("id", "text", "label", "split", "duplicate_of")
TABLES = (".parquet", ".csv", ".jsonl")


def latents(
    workspace: Workspace, head: str, source: str, *, out: Path, encoder_key: str | None = None
) -> int:
    """Write the latents of a dataset (by id) or of a file of vectors; returns the number of rows.

    `.npz` holds one array per modality and the ids; tables have one row per item with the columns `<modality>_<i>` and
    `<modality>_norm`.
    """
    _check_ending(out, (".npz", *TABLES))
    view = kept_heads.find(workspace, head)
    if Path(source).suffix in (".npz", ".npy"):
        frame, inputs = _from_file(
            Path(source), modalities=tuple(kept_heads.estimator(workspace, view.id).modalities)
        )
    else:
        key = encoder_key or stored.choose(workspace, source, preferred=view.encoder)
        kept_heads.check_space(view, key)
        modalities = tuple(kept_heads.estimator(workspace, view.id).modalities)
        frame, inputs = _from_dataset(workspace, source, key, modalities)
    found = kept_heads.transform(workspace, view.id, inputs)
    if out.suffix == ".npz":
        arrays = {"ids": frame["id"].to_numpy(dtype=str), **found}
        np.savez(out, allow_pickle=False, **arrays)
    else:
        write_table(pd.concat([frame, spread(found)], axis=1), out)
    return len(frame)


def _from_dataset(
    workspace: Workspace, dataset: str, key: str, modalities: tuple[str, ...]
) -> tuple[pd.DataFrame, Arrays]:
    arrays = stored.read(workspace, dataset, key, modalities=modalities)
    rows = stored.complete(arrays)
    if not len(rows):
        raise InputError(
            f"No row of {dataset!r} has {' and '.join(modalities)} vectors of {key}.",
            remedy="Encode it first.",
        )
    frame = workspace.items.table(dataset, columns=list(KNOWN)).to_pandas().iloc[rows].reset_index(drop=True)
    return frame, {name: array[rows] for name, array in arrays.items()}


def _from_file(path: Path, *, modalities: tuple[str, ...]) -> tuple[pd.DataFrame, Arrays]:
    """The vectors from an .npz with the head's modalities, or from an .npy for a head with one modality."""
    if not path.is_file():
        raise InputError(f"There is no file {str(path)!r}.", remedy="Check the path.")
    arrays = read_arrays(path, limits=Limits.of(settings()))
    if path.suffix.lower() == ".npy":
        arrays = dict(zip(modalities, arrays.values(), strict=False))
    missing = [name for name in modalities if name not in arrays]
    if missing:
        raise InputError(
            f"{path.name} has no array {missing[0]!r}; it has {', '.join(arrays)}.",
            remedy="Add the array; the head needs it.",
        )
    chosen = {name: np.asarray(arrays[name]) for name in modalities}
    lengths = {name: len(array) if array.ndim else 0 for name, array in chosen.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InputError(
            f"{path.name}: the arrays differ in length ({said}).",
            remedy="Pass arrays of equal length, with one row per item.",
        )
    count = next(iter(lengths.values()))
    given = arrays.get("id", arrays.get("ids"))
    ids = given if given is not None and given.shape == (count,) else np.arange(count)
    return pd.DataFrame({"id": [str(each) for each in ids]}), chosen


def spread(found: Arrays) -> pd.DataFrame:
    """A table with one column per latent dimension and one for the norm, for each modality."""
    columns: dict[str, Any] = {}
    for name, array in found.items():
        columns |= {f"{name}_{i}": array[:, i] for i in range(array.shape[1])}
        columns[f"{name}_norm"] = lengths.lengths(array)
    return pd.DataFrame(columns)


def export(workspace: Workspace, what: str, *, out: Path) -> dict[str, Any]:
    """Write a dataset with its vectors as a table, or a head (by id, name or run) as a zip."""
    if any(record.id == what for record in workspace.catalogue.datasets()):
        _check_ending(out, TABLES)
        frame = dataset_frame(workspace, what)
        write_table(frame, out)
        return {"kind": "dataset", "id": what, "out": str(out), "rows": len(frame)}
    head = kept_heads.find(workspace, what)
    _check_ending(out, (".zip",))
    out.write_bytes(kept_heads.download_zip(workspace, head.id))
    return {"kind": "head", "id": head.id, "out": str(out)}


def dataset_frame(workspace: Workspace, dataset: str) -> pd.DataFrame:
    """Items with metadata and vector columns `<modality>_vector` (with `@key` if there are several encoders).

    Metadata become typed columns; a name that is also a part of an item becomes "<name> (metadata)".
    """
    frame = workspace.items.table(dataset, columns=[*KNOWN, "metadata"]).to_pandas()
    frame = pd.concat([frame, facts.columns(frame.pop("metadata").tolist(), beside=KNOWN)], axis=1)
    have = [each for each in workspace.items.encoders(dataset) if each["encoded"]]
    several = len({each["key"] for each in have}) > 1
    for each in have:
        key, modality = each["key"], each["modality"]
        array = stored.read(workspace, dataset, key, modalities=(modality,))[modality]
        name = f"{modality}_vector@{key}" if several else f"{modality}_vector"
        frame[name] = [row if ok else None for row, ok in zip(array, stored.whole(array), strict=True)]
    return frame


def write_table(frame: pd.DataFrame, out: Path) -> None:
    """Write a table as .parquet, .csv or .jsonl, by the extension; the last two have vectors as JSON lists.

    CSV is read by spreadsheets, so texts that look like formulas are escaped in it.
    """
    _check_ending(out, TABLES)
    if out.suffix == ".parquet":
        frame.to_parquet(out, index=False)
    elif out.suffix == ".csv":
        out.write_bytes(csv_of(frame).encode())
    else:
        plain = frame.map(lambda value: value.tolist() if isinstance(value, np.ndarray) else value)
        plain.to_json(out, orient="records", lines=True, force_ascii=False, date_format="iso")


def _check_ending(out: Path, endings: tuple[str, ...]) -> None:
    if out.suffix not in endings:
        raise InputError(
            f"Cannot write {out.name}: got the extension {out.suffix!r}.", remedy=f"Use {', '.join(endings)}."
        )
    if not out.resolve().parent.is_dir():
        raise InputError(
            f"There is no folder {out.resolve().parent}.", remedy="Create it first, or choose another folder."
        )
