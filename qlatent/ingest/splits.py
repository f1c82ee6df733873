"""The names of the parts that a data set is divided into."""

from __future__ import annotations

_NAMES = "train training test testing val valid validation dev eval evaluation holdout"

SPLITS = frozenset(_NAMES.split())
