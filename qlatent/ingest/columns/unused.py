"""Describe how unmapped columns are treated, with reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qlatent.ingest.column import Column
from qlatent.ingest.columns.label_guess import label_candidates
from qlatent.ingest.columns.mapping import Mapping

_REASONS = {
    "url": "web addresses are not fetched; kept as metadata",
    "image": "a second column of pictures; not kept, choose it among the further pictures",
    "vector": "a second vector; not kept, choose it as a vector instead",
    "numbers": "lists of numbers that are no embedding (labels, boxes, tokens); kept as metadata",
    "bytes": "bytes that are neither pictures, texts nor numbers; not kept",
    "empty": "no values in the first rows; kept as metadata where there are any",
    "other": "nested values; kept as metadata",
}
_ROLES = {
    "listing_id": "what identifies the listing", "seller": "the seller", "currency": "the currency of the price",
    "date": "the date of the listing", "category": "the category", "flag": "why it was flagged", "risk": "its risk",
    "hidden": "neither shown to analysts nor learned from",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unused:
    """An unmapped column with the reason."""

    column: str
    reason: str


def unused(columns: Sequence[Column], mapping: Mapping) -> tuple[Unused, ...]:
    """The columns that become no part of an item, in the order of the source; with their role where they have one."""
    used = set(mapping.parts)
    rest = [column for column in columns if column.name not in used]
    labels = label_candidates(rest)
    return tuple(Unused(column.name, _reason(column, mapping, labels)) for column in rest)


def _reason(column: Column, mapping: Mapping, labels: Sequence[str]) -> str:
    if column.name in mapping.roles:
        return f"kept as metadata: {_ROLES[mapping.roles[column.name]]}"
    if column.parts:
        return "numbers that could be one vector; kept as metadata, one a column"
    if column.type == "image" and mapping.image is None:
        return "pictures; not kept, choose it as Image to keep them"
    if column.type == "vector" and not mapping.vectors:
        return "vectors; not kept, choose it as a vector to keep them"
    reason = _REASONS.get(column.type, "kept as metadata")
    return (
        f"{reason}; could be the label" if column.name in labels and column.name != mapping.label else reason
    )
