"""Guess the label column by name and, for flags and classes, by content."""

from __future__ import annotations

from collections.abc import Sequence

from qlatent.ingest.column import Column
from qlatent.ingest.column_names import ending_in, first_named, plain, words

_LABELS = ("label", "class", "target", "labels", "gold", "ground_truth", "y")
_CLASSES = (
    "category", "class_name", "coarse_name", "product_type", "type", "topic", "intent", "sentiment", "genre",
    "brand",
)  # fmt: skip
_ENDINGS = ("label", "category", "class", "topic", "sentiment")
_ROUTINE = frozenset((
    "active", "available", "availability", "stock", "deleted", "published", "visible", "enabled", "prime",
    "shipping", "new", "featured", "sponsored", "sale", "default", "taxable", "primary", "gift", "has",
    "hidden", "archived",
))  # fmt: skip  # flags that shops set on every row and that nobody wants to predict
_FEW_ONES = 0.5


def guess_label(columns: Sequence[Column]) -> str | None:
    """The most likely label column, or None."""
    return next(iter(label_candidates(columns)), None)


def label_candidates(columns: Sequence[Column]) -> list[str]:
    """Columns that could be the label, most likely first.

    The order is: columns named label, flags that judge an item (is_counterfeit), classes (category), 0/1 columns with
    few ones, and routine flags of a shop (is_active).
    """
    names = [column.name for column in columns if column.type in ("text", "number", "empty")]
    flags = [column for column in columns if _is_flag(column)]
    judging = [
        column.name
        for column in flags
        if not (_ROUTINE & set(words(column.name))) and _says_flag(column.name)
    ]
    rare = [column.name for column in flags if not (_ROUTINE & set(words(column.name))) and _is_rare(column)]
    classes = [name for wanted in _CLASSES for name in names if plain(name) == wanted]
    ordered = [
        first_named(_LABELS, names),
        *judging,
        *classes,
        ending_in(_ENDINGS, names),
        *rare,
        *(column.name for column in flags if _says_flag(column.name)),
    ]
    return list(dict.fromkeys(name for name in ordered if name is not None))


def _is_flag(column: Column) -> bool:
    if column.type not in ("text", "number", "empty"):
        return False
    content = column.content
    return _says_flag(column.name) if content is None else content.ones is not None


def _says_flag(name: str) -> bool:
    parts = words(name)
    return (len(parts) > 1 and parts[0] in ("is", "was")) or "flag" in parts or "flagged" in parts


def _is_rare(column: Column) -> bool:
    content = column.content
    return bool(content and content.ones is not None and 0 < content.ones <= _FEW_ONES and content.cells > 1)
