"""Export for embedding-atlas: a Parquet table with a projection, neighbours, texts and thumbnails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from qlatent.layout.neighbours import nearest
from qlatent.services.datasets import browsing
from qlatent.services.exports.choice import Choice, Chosen, VectorsOf, placed
from qlatent.services.exports.tables import check_ending, items_frame, write_table
from qlatent.store.workspace import Workspace

NEIGHBOURS = 15  # with the item itself, as embedding-atlas computes them
MOST = 50_000  # items whose neighbours are computed, in time that grows with the square, and whose pictures go along
COLUMNS = ("projection_x", "projection_y", "neighbors", "image")


def write(workspace: Workspace, chosen: Chosen, choice: Choice, out: Path) -> dict[str, Any]:
    """Write one row per item with a vector: `projection_x`, `projection_y`, `neighbors` {ids, distances}, `image`.

    Neighbours are row numbers of the file, the item itself first, with cosine distances; beyond `MOST` items they and
    the pictures are left out, and embedding-atlas computes its own. A column of the items with one of these names gets
    "_" appended.
    """
    check_ending(out, (".parquet",))
    vectors, places = placed(workspace, chosen, choice)
    frame = items_frame(workspace, chosen.dataset, rows=vectors.rows)
    frame = frame.rename(columns={name: f"{name}_" for name in COLUMNS})
    frame["projection_x"], frame["projection_y"] = places[:, 0], places[:, 1]
    options = ["--x projection_x", "--y projection_y"]
    if len(frame) <= MOST:
        frame["neighbors"] = _neighbours(vectors)
        options.append("--neighbors neighbors")
        frame["image"] = _thumbnails(workspace, chosen.dataset, vectors)
    if "image" in frame and frame["image"].notna().any():
        options.append("--image image")
    else:
        frame = frame.drop(columns="image", errors="ignore")
    if frame["text"].notna().any():
        options.append("--text text")
    write_table(frame, out)
    return {
        "rows": len(frame), "left_out": vectors.left_out, "vectors": vectors.encoder, "modality": vectors.modality,
        "neighbours": "neighbors" in frame, "open_with": f"embedding-atlas {out} {' '.join(options)}",
    }  # fmt: skip


def _neighbours(vectors: VectorsOf) -> pd.Series:
    found = nearest(vectors.points, k=NEIGHBOURS)
    cells = [
        {"ids": rows.astype(np.int64), "distances": distances.astype(np.float64)}
        for rows, distances in zip(found.rows, found.distances, strict=True)
    ]
    return pd.Series(cells, dtype=object)


def _thumbnails(workspace: Workspace, dataset: str, vectors: VectorsOf) -> pd.Series:
    """The thumbnail of each item as {"bytes", "path"}, as Hugging Face's datasets store pictures."""
    hashes = (
        workspace.items.table(dataset, columns=["image_hash"])["image_hash"].take(vectors.rows).to_pylist()
    )
    found = browsing.thumbnails(workspace, hashes)
    cells = [{"bytes": found[key], "path": f"{key}.webp"} if key in found else None for key in hashes]
    return pd.Series(cells, dtype=object)
