"""Write tables as CSV in which a spreadsheet does not run texts as formulas."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pandas as pd

_RUNS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # full-width forms too
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def harmless(cell: Any) -> Any:
    """The cell, prefixed with an apostrophe if it is a text that a spreadsheet would run as a formula.

    A text that is a number ("-1.5") is not a formula. See https://owasp.org/www-community/attacks/CSV_Injection.
    """
    if not isinstance(cell, str) or not cell.startswith(_RUNS) or _NUMBER.fullmatch(cell):
        return cell
    return f"'{cell}"


def csv_of(frame: pd.DataFrame) -> str:
    """The table as CSV (RFC 4180) without its index; column names are escaped like cells, and lists are JSON."""
    plain = frame.copy(deep=False)
    plain.columns = [harmless(str(name)) for name in frame.columns]
    for place, dtype in enumerate(frame.dtypes):
        if not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype)):
            plain.isetitem(place, frame.iloc[:, place].astype(object).map(_written).to_numpy())
    text: str = plain.to_csv(
        index=False, lineterminator="\r\n"
    )  # so that a lone "\r" in a cell is quoted too
    return text


def _written(cell: Any) -> Any:
    if isinstance(cell, np.ndarray):
        cell = cell.tolist()
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False)
    return harmless(cell)
