"""Results of a job as arrays over all of its items, in the run folder. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.hardware.work import Outcome
from qlatent.types import Arrays

NAME = "outcome"
MEASURED = ("expectations", "errors", "raw", "counts")
Items = NDArray[np.int64]


def arrays_of(outcome: Outcome) -> Arrays:
    """The measured arrays of an outcome, by the names of `MEASURED`."""
    return {name: np.asarray(getattr(outcome, name)) for name in MEASURED}


def merged(count: int, parts: Sequence[tuple[Items, Arrays]]) -> Arrays:
    """The arrays of `count` items from parts, each with the indices of its items; NaN, and counts of −1, where none is.

    Without counts in every part there are none.
    """
    observables = parts[0][1]["expectations"].shape[1]
    counted = all(arrays["counts"].shape[1] for _, arrays in parts)
    whole: Arrays = {name: np.full((count, observables), np.nan) for name in MEASURED[:3]}
    whole["counts"] = np.full((count, observables if counted else 0), -1, dtype=np.int64)
    for items, arrays in parts:
        for name, array in whole.items():
            array[items] = arrays[name] if array.shape[1] else 0
    return whole


def measured(arrays: Arrays) -> NDArray[np.bool_]:
    """Mask (n,) of the items that have results."""
    return np.asarray(np.isfinite(arrays["expectations"]).all(axis=1))


def facts(outcome: Outcome | None) -> dict[str, Any]:
    """What stands beside the arrays, as JSON values; empty for results that are all of earlier jobs."""
    if outcome is None:
        return {"shots": None, "seconds": 0.0, "calibration": {}, "versions": {}}
    return {
        "shots": outcome.shots, "seconds": outcome.seconds, "calibration": _plain(outcome.calibration),
        "versions": dict(outcome.versions),
    }  # fmt: skip


def _plain(document: Mapping[str, Any]) -> dict[str, Any]:
    return dict(document)
