"""Filter items by conditions such as "size>=3", "made<=2024-06-30", "maker=Acme", "text~red chair"."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from qlatent.errors import InputError
from qlatent.registry import did_you_mean
from qlatent.services.datasets import browsing, facts

_CONDITION = re.compile(r"\s*(?P<column>.+?)\s*(?P<sign>>=|<=|=|~)\s*(?P<value>.*)", re.DOTALL)
_FORM = "Write a column, one of >= <= = ~ and a value, e.g. size>=3 or text~red."


def meeting(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    """The rows of a table of items that meet a condition; an invalid condition raises `InputError`.

    `=` compares values, `>=` and `<=` compare numbers or dates, `~` finds words in a text.
    """
    column, sign, value = parts(condition)
    kind = facts.kind(known_column(table, column))
    if sign == "~":
        return browsing.having(table.assign(**{column: table[column].astype(str)}), column, value)
    read = _read(value, kind, condition)
    if sign == "=":
        return browsing.having(table, column, (read, read) if kind in ("number", "date") else [read])
    if kind not in ("number", "date"):
        raise InputError(f"{column!r} is a {kind}, so {sign} does not apply.", remedy="Use = or ~.")
    return browsing.having(table, column, (read, None) if sign == ">=" else (None, read))


def parts(condition: str) -> tuple[str, str, str]:
    """The column, the sign (>=, <=, = or ~) and the value of a condition; an invalid one raises `InputError`."""
    found = _CONDITION.fullmatch(condition)
    if found is None:
        raise InputError(f"{condition!r} is not a condition.", remedy=_FORM)
    return found["column"], found["sign"], found["value"]


def known_column(table: pd.DataFrame, column: str) -> pd.Series:
    """The column of this name in a table of items; an unknown name raises `InputError`."""
    if column not in table:
        names = [str(name) for name in table.columns]
        raise InputError(f"The items have no column {column!r}.", remedy=did_you_mean(column, names))
    return table[column]


def _read(value: str, kind: str, condition: str) -> Any:
    try:
        if kind == "number":
            return float(value)
        if kind == "date":
            return pd.Timestamp(value)
        if kind == "truth value":
            return {"true": True, "false": False}[value.lower()]
    except (ValueError, KeyError) as err:
        raise InputError(f"{value!r} in {condition!r} is not a {kind}.", remedy=_FORM) from err
    return value
