"""Export for TensorBoard's Embedding Projector: vectors, metadata, a sheet of thumbnails and the configuration."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from qlatent.services.datasets import browsing
from qlatent.services.datasets.csv_text import harmless
from qlatent.services.exports.choice import Choice, Chosen, VectorsOf, new_folder, vectors_of
from qlatent.services.exports.tables import items_frame
from qlatent.store.disk import explained
from qlatent.store.workspace import Workspace

SHEET = 8192  # pixels; the projector shows no larger sprite
SIDE, SMALLEST = 64, 8  # pixels of a thumbnail on the sheet
CHUNK = 500  # thumbnails in memory at once


def write(workspace: Workspace, chosen: Chosen, choice: Choice, out: Path) -> dict[str, Any]:
    """Write a new folder with `vectors.tsv`, `metadata.tsv`, `sprite.png` and `projector_config.pbtxt`.

    Items without a vector are left out. The sprite is left out where no item has a picture, or where a thumbnail would
    have fewer than `SMALLEST` pixels a side.
    """
    vectors = vectors_of(workspace, chosen, choice)
    folder = new_folder(out)
    with explained("the export", folder):
        np.savetxt(folder / "vectors.tsv", vectors.points, fmt="%.7g", delimiter="\t")
        metadata = items_frame(workspace, chosen.dataset, rows=vectors.rows)
        (folder / "metadata.tsv").write_text(_tsv(metadata), encoding="utf-8")
        side = _sprite(workspace, chosen.dataset, vectors, folder / "sprite.png")
        name = f"{chosen.name}, {vectors.modality}, {vectors.encoder}"
        config = _config(name, side)
        (folder / "projector_config.pbtxt").write_text(config, encoding="utf-8")
    return {
        "rows": len(vectors.rows), "left_out": vectors.left_out, "vectors": vectors.encoder,
        "modality": vectors.modality, "sprite": side, "open_with": f"tensorboard --logdir {out}",
    }  # fmt: skip


def _tsv(frame: pd.DataFrame) -> str:
    """The table with a header; tabs and line breaks in a cell become spaces, and nothing is a formula."""
    lines = ["\t".join(_cell(str(name)) for name in frame.columns)]
    lines += ["\t".join(map(_cell, row)) for row in frame.astype(object).itertuples(index=False, name=None)]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    return " ".join(str(harmless(value)).split()) if pd.notna(value) else ""


def _sprite(workspace: Workspace, dataset: str, vectors: VectorsOf, out: Path) -> int:
    """Write the thumbnails in rows from the upper left, as many across as down; returns their side, 0 for no sheet."""
    across = math.ceil(math.sqrt(len(vectors.rows)))
    side = min(SIDE, SHEET // across)
    hashes = (
        workspace.items.table(dataset, columns=["image_hash"])["image_hash"].take(vectors.rows).to_pylist()
    )
    if side < SMALLEST or not any(hashes):
        return 0
    sheet = Image.new("RGB", (across * side, across * side), "white")
    for start in range(0, len(hashes), CHUNK):
        part = hashes[start : start + CHUNK]
        found = browsing.thumbnails(workspace, part)
        for place, key in enumerate(part, start):
            if key in found:
                with Image.open(io.BytesIO(found[key])) as image:
                    image.thumbnail((side, side))
                    left, top = place % across * side, place // across * side
                    sheet.paste(image, (left + (side - image.width) // 2, top + (side - image.height) // 2))
    sheet.save(out)
    return side


def _config(name: str, side: int) -> str:
    """The projector's `ProjectorConfig` in protocol buffers' text format; a JSON string is a string there too."""
    lines = [
        "embeddings {",
        f"  tensor_name: {json.dumps(name)}",
        '  tensor_path: "vectors.tsv"',
        '  metadata_path: "metadata.tsv"',
    ]
    if side:
        dims = f"single_image_dim: {side} single_image_dim: {side}"
        lines.append(f'  sprite {{ image_path: "sprite.png" {dims} }}')
    return "\n".join([*lines, "}"]) + "\n"
