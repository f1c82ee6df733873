"""Select items by the value in a column, and by their ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qlatent.errors import AbsentError, InputError
from qlatent.registry import did_you_mean
from qlatent.services.datasets import browsing, coded, conditions, facts
from qlatent.services.datasets.coded import Texts
from qlatent.services.selections.definitions import Column, Ids
from qlatent.store.workspace import Workspace


def having(workspace: Workspace, dataset: str, wanted: Column) -> NDArray[np.int64]:
    """The rows whose value meets the definition; an unknown column or a value of another kind raises `InputError`."""
    column = column_of(workspace, dataset, wanted.name)
    if isinstance(column, Texts):  # each different value is compared once
        each = pd.Series(column.values.to_numpy(zero_copy_only=False), dtype=object)
        found, given = column.among(_meeting(each, wanted)), column.given
    else:
        given = present(column)
        found = _meeting(column, wanted) & given
    return np.flatnonzero(found | ~given if wanted.missing else found)


def _meeting(values: pd.Series, wanted: Column) -> NDArray[np.bool_]:
    """Mask of the values that meet the definition."""
    if not wanted.words:
        return _matching(values, wanted)
    hits = browsing.having(values.astype(str).to_frame("text"), "text", wanted.words).index
    return np.isin(np.arange(len(values)), hits)


def condition(text: str) -> Column:
    """The definition of a condition such as "price>=3", "label=pear" or "text~red", as in `datasets/conditions`."""
    column, sign, value = conditions.parts(text)
    if sign == "~":
        return Column(name=column, words=value)
    if sign == "=":
        return Column(name=column, values=(value,))
    return Column(name=column, **{"least" if sign == ">=" else "largest": value})


def with_ids(workspace: Workspace, dataset: str, wanted: Ids) -> NDArray[np.int64]:
    """The rows with these ids; ids that are not in the dataset are left out, and none at all raises `AbsentError`."""
    rows, lost = rows_of(workspace, dataset, list(wanted.ids))
    if len(lost) and not len(rows):
        raise AbsentError(
            f"None of the {len(lost):,} selected ids is in {dataset!r}; the first is {lost[0]!r}.",
            remedy="Choose the dataset they come from.",
        )
    return rows


def rows_of(workspace: Workspace, dataset: str, ids: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    """The rows of these ids, sorted, and the ids that are not in the dataset."""
    present_ids = workspace.items.table(dataset, columns=["id"])["id"]
    wanted = pa.array(ids, pa.string())
    rows = np.flatnonzero(pc.is_in(present_ids, value_set=wanted).to_numpy(zero_copy_only=False))
    lost: list[str] = wanted.filter(pc.invert(pc.is_in(wanted, value_set=present_ids))).to_pylist()
    return rows, lost


def values_of(workspace: Workspace, dataset: str, name: str) -> pd.Series:
    """The values (n,) of one column in row order, typed as in `facts.columns`; an unknown name raises `InputError`."""
    column = column_of(workspace, dataset, name)
    return column.series() if isinstance(column, Texts) else column


def column_of(workspace: Workspace, dataset: str, name: str) -> Texts | pd.Series:
    """One column of n items in row order, in few bytes where it is kept; an unknown name raises `InputError`."""
    if name in browsing.COLUMNS and name not in coded.OWN:
        return workspace.items.table(dataset, columns=[name])[name].to_pandas()
    known = coded.columns_of(workspace, dataset)
    if name not in known:
        names = [*browsing.COLUMNS, *(each for each in known if each not in coded.OWN)]
        raise InputError(
            f"The items of {dataset!r} have no column {name!r}.", remedy=did_you_mean(name, names)
        )
    return known[name]


def filled(workspace: Workspace, dataset: str, name: str) -> NDArray[np.bool_]:
    """Mask (n,) of the items with something in a part of an item, such as `text` or `image_hash`; "" is nothing."""
    values = workspace.items.table(dataset, columns=[name])[name]
    mask: NDArray[np.bool_] = pc.fill_null(pc.not_equal(values, ""), False).to_numpy()
    return mask


def meeting(workspace: Workspace, dataset: str, wanted: Sequence[Column]) -> NDArray[np.bool_] | None:
    """Mask (n,) of the rows that meet all conditions; None without conditions. Errors as in `having`."""
    if not wanted:
        return None
    mask = np.ones(workspace.items.count(dataset), dtype=np.bool_)
    for each in wanted:
        met = np.zeros(len(mask), dtype=np.bool_)
        met[having(workspace, dataset, each)] = True
        mask &= met
    return mask


def present(values: pd.Series) -> NDArray[np.bool_]:
    """Mask (n,) of the items that have a value; an empty text is none."""
    mask = values.notna()
    if facts.kind(values) == "text":
        mask &= values.astype(object) != ""
    return mask.to_numpy(dtype=np.bool_)


def _matching(values: pd.Series, wanted: Column) -> NDArray[np.bool_]:
    kind = facts.kind(values)
    if wanted.values:
        return values.isin([_read(each, kind, wanted.name) for each in wanted.values]).to_numpy(
            dtype=np.bool_
        )
    mask = np.full(len(values), wanted.least is not None or wanted.largest is not None)
    for bound, compared in ((wanted.least, values.ge), (wanted.largest, values.le)):
        if bound is not None:
            if kind not in ("number", "date"):
                raise InputError(f"{wanted.name!r} is a {kind}, so it has no range.", remedy="Choose values.")
            mask &= compared(_read(bound, kind, wanted.name)).fillna(False).to_numpy(dtype=np.bool_)
    return mask


def _read(value: Any, kind: str, name: str) -> Any:
    """The value as the column has it."""
    try:
        if kind == "number":
            return float(value)
        if kind == "date":
            return pd.Timestamp(value)
        if kind == "truth value":
            return {"true": True, "false": False}[str(value).lower()]
    except (ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{value!r} is not a {kind}, as {name!r} is.", remedy="Choose another value."
        ) from err
    return str(value)
