"""Makes table rows of items that are not stored yet, with images as thumbnails."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from qlatent.images import decoded
from qlatent.services.datasets import facts
from qlatent.types import Item
from qlatent.ui.shell.formatting import cut, data_uri

THUMBNAIL = 96  # pixels


def first_rows(first: Sequence[Item]) -> pd.DataFrame:
    """A table with a column per part that some item has (id and text always) and a typed column per metadata key."""
    rows: dict[str, list[Any]] = {
        "Image": [_thumbnail(item.image) for item in first],
        "Further pictures": [len(item.pictures) or None for item in first],
        "Id": [item.id for item in first],
        "Text": [cut(item.text or "", limit=300) for item in first],
        "Label": [item.label or "" for item in first],
        "Split": [item.split or "" for item in first],
        "Vectors": [
            ", ".join(f"{name} {len(vector)}-d" for name, vector in item.vectors.items()) for item in first
        ],
    }
    shown = pd.DataFrame(
        {name: values for name, values in rows.items() if name in ("Id", "Text") or any(values)}
    )
    known = facts.columns([json.dumps(item.metadata, default=str) for item in first], beside=rows)
    return pd.concat([shown, short(known)], axis=1)


def short(known: pd.DataFrame) -> pd.DataFrame:
    """Metadata columns with long texts cut."""
    shown = known.copy(deep=False)
    for name in known:
        if facts.kind(known[name]) == "text":
            shown[name] = known[name].map(_cut)
    return shown


def _cut(value: Any) -> Any:
    return cut(value, limit=200) if isinstance(value, str) else value


def _thumbnail(image: bytes | None) -> str | None:
    if image is None:
        return None
    small = decoded(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80)
    return data_uri(buffer.getvalue())
