"""Values of any kind as JSON has them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence, Set
from typing import Any


def plain(value: Any) -> Any:
    """The value in JSON's own types: numpy numbers and arrays converted, NaN and infinity as null, others as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if hasattr(value, "tolist"):  # numpy scalars and arrays, pandas columns
        return plain(value.tolist())
    if isinstance(value, Sequence | Set) and not isinstance(value, bytes | bytearray):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int) else str(value)
