"""Export latents, items with their vectors as tables, pictures or for other tools, and heads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qlatent.errors import InputError
from qlatent.ingest.files.stored_arrays import read_arrays
from qlatent.ingest.limits import Limits
from qlatent.registry import resolve
from qlatent.services.exports import pictures
from qlatent.services.exports.choice import Choice, Chosen, chosen_items
from qlatent.services.exports.tables import KNOWN, TABLES, check_ending, dataset_frame, spread, write_table
from qlatent.services.hardware import listing, results
from qlatent.services.heads import kept_heads
from qlatent.services.vectors import stored
from qlatent.settings import settings
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

PICTURES = HEADS = ".zip"
TOOLS = {
    "embedding-atlas": "qlatent.services.exports.embedding_atlas:write",
    "tensorboard": "qlatent.services.exports.tensorboard:write",
    "fiftyone": "qlatent.services.exports.fiftyone:write",
}
"""Other tools: a function that writes what they read, and returns what the caller should know."""


def latents(
    workspace: Workspace, head: str, source: str, *, out: Path, encoder_key: str | None = None
) -> int:
    """Write the latents of a dataset (by id) or of a file of vectors; returns the number of rows.

    `.npz` holds one array per modality and the ids; tables have one row per item with the columns `<modality>_<i>` and
    `<modality>_norm`.
    """
    check_ending(out, (".npz", *TABLES))
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


def export(workspace: Workspace, what: str, *, out: Path, choice: Choice | None = None) -> dict[str, Any]:
    """Write a dataset or a collection, or a part of it, a job's results, or a head (by id, name or run).

    Returns what was written. Without a tool, items are written with their vectors as a table, or to a zip with their
    pictures and a table; a head is a zip.
    """
    choice = choice or Choice()
    chosen = chosen_items(workspace, what, choice.definition)
    if chosen is None and any(each.id == what for each in workspace.catalogue.runs(listing.KIND)):
        return _job(workspace, what, out=out, choice=choice)
    if chosen is None:
        return _head(workspace, what, out=out, choice=choice)
    if choice.tool:
        if choice.tool not in TOOLS:
            raise InputError(
                f"There is no export for {choice.tool!r}.", remedy=f"Use {', '.join(TOOLS)}, or none of them."
            )
        write: Callable[[Workspace, Chosen, Choice, Path], dict[str, Any]] = resolve(TOOLS[choice.tool])
        return chosen.document(out, **write(workspace, chosen, choice, out))
    check_ending(out, (*TABLES, PICTURES))
    if out.suffix == PICTURES:
        return chosen.document(out, **pictures.write(workspace, chosen, choice, out))
    frame = dataset_frame(workspace, chosen.dataset, rows=chosen.rows)
    write_table(frame, out)
    return chosen.document(out, rows=len(frame))


def _job(workspace: Workspace, what: str, *, out: Path, choice: Choice) -> dict[str, Any]:
    """The results of a job on a device as a table."""
    if choice != Choice():
        raise InputError(
            f"The results of job {what} are exported as they are.", remedy="Leave out the other options."
        )
    check_ending(out, TABLES)
    frame = results.table(workspace, what)
    write_table(frame, out)
    return {"kind": "job", "id": what, "out": str(out), "rows": len(frame)}


def _head(workspace: Workspace, what: str, *, out: Path, choice: Choice) -> dict[str, Any]:
    if choice != Choice():
        raise InputError(
            f"There is no dataset and no collection {what!r}, and a head is exported as it is.",
            remedy="Give the id of a dataset or of a collection.",
        )
    try:
        head = kept_heads.find(workspace, what)
    except InputError as err:
        if out.suffix == HEADS:
            raise
        raise InputError(
            f"There is no dataset and no collection {what!r} here.",
            remedy="Ids are listed by `qlatent datasets` and `qlatent collections list`.",
        ) from err
    check_ending(out, (HEADS,))
    out.write_bytes(kept_heads.download_zip(workspace, head.id))
    return {"kind": "head", "id": head.id, "out": str(out)}
