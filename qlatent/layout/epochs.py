"""The progress of umap-learn's epochs, taken from the progress bar that it draws for itself."""

from __future__ import annotations

import re
from typing import Any

from qlatent.types import Progress

_COUNT = re.compile(r"(\d+)/(\d+)")


class EpochCounter:
    """A text file for tqdm's bar: what the bar says is told to `progress`, which may raise `Cancelled` to stop."""

    encoding = "utf-8"  # tqdm asks for it

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def write(self, text: str) -> int:
        """Tell the count that the bar's text holds; a text without one is passed over."""
        if found := _COUNT.search(text):
            self._progress(int(found[1]), int(found[2]))
        return len(text)

    def flush(self) -> None:
        """Nothing waits to be written."""


def bar_settings(progress: Progress | None, *, every: float = 0.2) -> dict[str, Any]:
    """The settings of umap-learn's progress bar (`tqdm_kwds`) that report its epochs, at most one each `every` s."""
    if progress is None:
        return {"disable": True}
    return {
        "disable": False, "file": EpochCounter(progress), "bar_format": "{n_fmt}/{total_fmt}",
        "mininterval": every, "miniters": 1, "leave": False,
    }  # fmt: skip
