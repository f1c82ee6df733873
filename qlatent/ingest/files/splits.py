"""The names of the parts that a data set is divided into."""

from __future__ import annotations

import re

SPLITS = (
    "train",
    "training",
    "test",
    "testing",
    "val",
    "valid",
    "validation",
    "dev",
    "eval",
    "evaluation",
    "holdout",
)
_NAME = re.compile(rf"({'|'.join(SPLITS)})(?:[-_]?(?:19|20)\d\d)?", re.IGNORECASE)


def split_of(name: str) -> str | None:
    """The split that a word or a folder's name says: "Train" and "train2017" → train; None if it says none."""
    found = _NAME.fullmatch(name)
    return found[1].lower() if found else None
