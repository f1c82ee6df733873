"""What time it is for those who do not say."""

from __future__ import annotations

import time


def at(now: float | None) -> float:
    """The given time, else the present one, in unix seconds."""
    return time.time() if now is None else now
