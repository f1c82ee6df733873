"""What can be chosen for a job: heads with a circuit, datasets that fit them, and items. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from qlatent.hardware import qpu_time
from qlatent.registry import HEADS, head_class
from qlatent.services.hardware import listing
from qlatent.services.heads import kept_heads
from qlatent.services.heads.kept_heads import HeadView
from qlatent.services.selections import collections, selections
from qlatent.services.selections.definitions import Definition, Ids
from qlatent.store.workspace import Workspace

Taking = Literal["all", "evenly", "first", "drawn"]


@dataclass(frozen=True)
class Wanted:
    """Items of a dataset: all or those of a selection, and which `count` of them are taken."""

    of: Definition | None = None  # None: all items
    taking: Taking = "evenly"
    count: int = 64
    seed: int = 0  # of "drawn"


def heads(workspace: Workspace) -> tuple[list[HeadView], list[tuple[HeadView, str]]]:
    """The kept heads that a device can execute, newest first, and the others, each with the reason."""
    usable, others = [], []
    for each in kept_heads.list_heads(workspace):
        if each.broken:
            others.append((each, f"cannot be used: {each.broken}"))
        elif each.head not in HEADS or not head_class(each.head).has_circuit:
            others.append((each, "has no circuit, so a device has nothing to execute"))
        else:
            usable.append(each)
    return usable, others


def time_factor(mitigation: Any, items: int) -> float:
    """By how much a mitigation lengthens the time on a device for so many items."""
    return qpu_time.time_factor(mitigation, max(items, 1))


def state(workspace: Workspace, dataset: str) -> str:
    """What changes with a dataset and with each job that ends: an estimate holds as long as this is the same."""
    ended = sum(each.job.ended > 0 for each in listing.jobs(workspace))
    return f"{ended} {workspace.items.version(dataset)}"


def narrowed(workspace: Workspace, dataset: str, wanted: Wanted) -> tuple[Definition | None, int]:
    """The definition and the number of items that a `HardwareRequest` takes for what is wanted.

    Raises what `selections.resolve` raises for a selection that does not exist any more.
    """
    if wanted.taking in ("all", "evenly"):
        return wanted.of, 0 if wanted.taking == "all" else wanted.count
    every = np.arange(workspace.items.count(dataset))
    rows = every if wanted.of is None else selections.resolve(workspace, dataset, wanted.of)
    if wanted.taking == "first":
        rows = rows[: wanted.count]
    else:
        taken = np.random.default_rng(wanted.seed).permutation(len(rows))[: wanted.count]
        rows = rows[np.sort(taken)]
    return Ids(ids=tuple(collections.ids_of(workspace, dataset, rows))), 0
