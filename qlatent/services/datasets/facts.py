"""Read the metadata of items, stored as JSON, into typed columns.

Types are inferred from the values on each read. This works for workspaces of any age, and an import with other values
needs no migration.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from typing import Any

import pandas as pd

KINDS = ("number", "truth value", "date", "text")
_NUMBER = re.compile(r"-?(?:(?:0|[1-9]\d{0,14})(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,2})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?")
_LARGEST = 2**63
_TRUE_FALSE = {"true": True, "false": False}


def columns(documents: Sequence[str | None], *, beside: Collection[str] = ()) -> pd.DataFrame:
    """A table with one column per key of the JSON objects, in order of appearance, and one row per document.

    A column is a number (`Int64`, `Float64`), truth value (`boolean`), date (`datetime64`) or text (`object`), inferred
    from all its values. Texts that are plain numbers, true or false, or ISO 8601 dates count as such. Numbers with
    leading zeros or a plus sign (codes, telephone numbers) and those of more than 15 digits stay texts; lists and
    objects become JSON. A key that is a name in `beside` is called "key (metadata)".
    """
    found = json.loads("[" + ",".join(each or "{}" for each in documents) + "]")
    cells: dict[str, list[Any]] = {}
    for row, values in enumerate(found):
        for key, value in values.items():
            if key not in cells:
                cells[key] = [None] * len(found)
            cells[key][row] = value
    named = {f"{key} (metadata)" if key in beside else key: values for key, values in cells.items()}
    return pd.DataFrame({key: typed(values) for key, values in named.items()}, index=range(len(found)))


def typed(values: Sequence[Any]) -> pd.Series:
    """JSON values as a column of the narrowest type that holds all of them."""
    given = [value for value in values if value is not None]
    for read in (_truths, _numbers, _dates):
        column = read(values, given)
        if column is not None:
            return column
    return pd.Series([_text(value) for value in values], dtype=object)


def kind(column: pd.Series) -> str:
    """The kind of a column, one of `KINDS`."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return "truth value"
    if pd.api.types.is_numeric_dtype(column.dtype):
        return "number"
    return "date" if pd.api.types.is_datetime64_any_dtype(column.dtype) else "text"


def _truths(values: Sequence[Any], given: Sequence[Any]) -> pd.Series | None:
    if not given or any(_truth(value) is None for value in given):
        return None
    return pd.Series([None if value is None else _truth(value) for value in values], dtype="boolean")


def _truth(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    return _TRUE_FALSE.get(value.lower()) if isinstance(value, str) and len(value) < 6 else None


def _numbers(values: Sequence[Any], given: Sequence[Any]) -> pd.Series | None:
    kinds = {type(value) for value in given}
    if not kinds or not kinds <= {int, float, str}:
        return None
    texts = [value for value in given if isinstance(value, str)]
    if not _all_match(texts, _NUMBER):
        return None
    if float not in kinds and all(text.lstrip("-").isdecimal() for text in texts):
        whole = [None if value is None else int(value) for value in values]
        if all(value is None or abs(value) < _LARGEST for value in whole):
            return pd.Series(whole, dtype="Int64")
    return pd.Series([None if value is None else float(value) for value in values], dtype="Float64")


def _dates(values: Sequence[Any], given: Sequence[Any]) -> pd.Series | None:
    if not given or {type(value) for value in given} != {str}:
        return None
    zones = set()
    for match in map(_DATE.fullmatch, dict.fromkeys(given)):
        if match is None:
            return None
        zones.add(bool(match[1]))
    if len(zones) > 1:
        return None
    read = pd.to_datetime(
        pd.Series(values, dtype=object), format="ISO8601", errors="coerce", utc=zones == {True}
    )
    return read if read.count() == len(given) else None


def _all_match(texts: Sequence[str], pattern: re.Pattern[str]) -> bool:
    """Whether every text matches the pattern; stops at the first that does not."""
    return all(map(pattern.fullmatch, texts))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
