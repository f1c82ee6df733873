"""Recognise the names of dataset splits."""

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
    """The split that a word or folder name denotes: "Train" and "train2017" → train; None for other names."""
    found = _NAME.fullmatch(name)
    return found[1].lower() if found else None
