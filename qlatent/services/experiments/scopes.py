"""Over what a figure of an experiment is: within images, within texts, their mean, or both together. Torch-free.

Where an experiment compares images and texts, figures of distances and neighbours are those within each modality: over
both together the gap between them decides most pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qlatent.registry import METRICS, TOGETHER, metric_entry

OF_PAIRS = "pair_error"  # has a value wherever images and texts are compared


def is_of_pairs(table: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the rows of a table are figures of images and texts."""
    return any(row["metric"] == OF_PAIRS and row["value"] is not None for row in table)


def is_of_pairs_only_together(metrics: Mapping[str, Any]) -> bool:
    """Whether a run on images and texts has any figure over both together only, as earlier versions measured them."""
    return metrics.get(OF_PAIRS, {}).get("value") is not None and _lacks(metrics)


def lacks_within(table: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a table has rows of images and texts together without those within each."""
    cells: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in table:
        cell = tuple(row[name] for name in ("head", "objective", "dim", "seed"))
        cells.setdefault(cell, {})[row["metric"]] = row
    return any(is_of_pairs_only_together(each) for each in cells.values())


def _lacks(metrics: Iterable[str]) -> bool:
    """Whether any of these metrics is over images and texts together without its mean within each."""
    known = set(metrics)
    return any(name in METRICS and METRICS[name].within and f"{name}_within" not in known for name in known)


def title(name: str, *, of_pairs: bool = False) -> str | None:
    """The title of a metric, with what it is over if that can be mistaken; None for an unknown metric."""
    found = metric_entry(name)
    if found is None:
        return None
    return f"{found.title}, {TOGETHER}" if of_pairs and found.within else found.title


def preferred(names: Sequence[str], table: Iterable[Mapping[str, Any]]) -> list[str]:
    """The names, each as the mean within the modalities if any row of the table has that."""
    known = {row["metric"] for row in table if row["value"] is not None}
    return [f"{name}_within" if f"{name}_within" in known else name for name in names]


def contrasted(table: Iterable[Mapping[str, Any]]) -> list[str]:
    """The metrics whose contrasts are listed: all that are registered, and the means within the modalities."""
    known = {row["metric"] for row in table}
    return [*METRICS, *(f"{name}_within" for name in METRICS if f"{name}_within" in known)]
