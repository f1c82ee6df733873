"""Extract rows from a JSON document in any of the common layouts."""

from __future__ import annotations

from typing import Any

from qlatent.errors import InputError
from qlatent.ingest.column_names import plain, says_embedding

_REMEDY = "Save a list of objects, one per row; in pandas: to_json(orient='records')."
_COMMON = frozenset((
    "id", "text", "title", "name", "label", "category", "description", "price", "image", "embedding",
    "vector",
))  # fmt: skip
Rows = tuple[list[Any], str]


def rows_of(document: Any, *, name: str) -> Rows:
    """The rows as objects, with a note unless the document is a list of objects; `InputError` without rows.

    Supports lists of objects, of texts and of vectors; objects that contain one such list (API responses); and the
    pandas layouts split, columns, index, list and table.
    """
    if isinstance(document, list):
        rows, note = _of_list(document, "vector")
        if rows and all(isinstance(row, list) for row in rows):
            raise InputError(f"{name} is a list of lists without names (pandas: values).", remedy=_REMEDY)
        return rows, note
    if isinstance(document, dict):
        for shape in (_split, _by_lists, _holds_list, _by_objects):
            found = shape(document)
            if found is not None:
                return found
        kinds = ", ".join(f"{key!r} ({_kind(value)})" for key, value in list(document.items())[:6])
        raise InputError(
            f"{name} holds no list of rows: it is an object with {kinds or 'nothing'}.", remedy=_REMEDY
        )
    raise InputError(f"{name} holds no list of rows.", remedy=_REMEDY)


def _kind(value: Any) -> str:
    kinds = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def _of_list(rows: list[Any], called: str) -> Rows:
    if rows and all(isinstance(row, str) for row in rows):
        return [{"text": row} for row in rows], "read as a list of texts"
    if rows and all(_is_numbers(row) for row in rows):
        key = called if says_embedding(called) else "vector"
        return [{key: row} for row in rows], "read as a list of vectors"
    return rows, ""


def _is_numbers(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and all(isinstance(each, int | float) and not isinstance(each, bool) for each in value)
    )


def _split(document: dict[str, Any]) -> Rows | None:
    """Rows of pandas' layout "split": column names, then rows of cells."""
    names, rows = document.get("columns"), document.get("data")
    if not (
        isinstance(names, list) and isinstance(rows, list) and set(document) <= {"columns", "data", "index"}
    ):
        return None
    keys = [str(each) for each in names]
    return [
        dict(zip(keys, row, strict=False)) if _fits(row, keys) else row for row in rows
    ], "read as columns and data (pandas: split)"


def _fits(row: Any, keys: list[str]) -> bool:
    return isinstance(row, list) and len(row) == len(keys)


def _holds_list(document: dict[str, Any]) -> Rows | None:
    """Rows of an object that contains one list of rows, such as API responses and pandas' layout "table"."""
    lists = {key: value for key, value in document.items() if isinstance(value, list)}
    objects = {
        key: value for key, value in lists.items() if value and all(isinstance(row, dict) for row in value)
    }
    if len(objects) == 1 and (len(lists) == 1 or next(iter(objects)) in ("data", "rows", "results", "items")):
        return next(iter(objects.values())), ""
    if len(lists) == 1:
        key, rows = next(iter(lists.items()))
        return ([{key: rows}], "read as one row") if _is_numbers(rows) else _of_list(rows, key)
    return None


def _by_lists(document: dict[str, Any]) -> Rows | None:
    """Rows from one list per column (pandas' layout "list", API responses), or one list of numbers per id."""
    lists = {key: inner for key, value in document.items() if (inner := _list_in(value)) is not None}
    lengths = {len(value) for value in lists.values()}
    if len(lists) < 2 or len(lengths) != 1:
        return None
    if len(lists) == len(document) and all(map(_is_numbers, lists.values())) and not _are_names(list(lists)):
        return [{"id": key, "vector": row} for key, row in lists.items()], "read as one vector a name"
    keys = [_singular(key, value) for key, value in lists.items()]
    return [
        dict(zip(keys, row, strict=True)) for row in zip(*lists.values(), strict=True)
    ], "read as one list a column"


def _list_in(value: Any) -> list[Any] | None:
    """The list itself, or the only list in an object: {"float": [[…]]}."""
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    is_cells = isinstance(value, list) and not any(isinstance(each, dict) for each in value)
    return value if is_cells else None


def _singular(key: str, value: list[Any]) -> str:
    """The column name of one row's value: a response's "texts" give "text"."""
    return (
        "text"
        if key in ("texts", "documents", "inputs") and all(isinstance(each, str) for each in value)
        else key
    )


def _are_names(keys: list[str]) -> bool:
    """Whether the keys are column names: known words, or one word with numbers."""
    stems = {plain(key).rstrip("0123456789").strip("_") for key in keys}
    return bool(_COMMON & {plain(key) for key in keys}) or (len(stems) == 1 and "word" not in stems)


def _by_objects(document: dict[str, Any]) -> Rows | None:
    """Rows from one object per column or per row (pandas' layouts "columns" and "index")."""
    values = list(document.values())
    if len(values) < 1 or not all(isinstance(value, dict) and value for value in values):
        return None
    keys = list(values[0])
    if _counts(keys) and all(list(value) == keys for value in values):
        rows = [{name: cells[key] for name, cells in document.items()} for key in keys]
        return rows, "read as one object a column (pandas: columns)"
    if _counts(list(document)) or _COMMON & {plain(key) for value in values[:5] for key in value}:
        rows = [row if "id" in row else {"id": key, **row} for key, row in document.items()]
        return rows, "read as one object a row (pandas: index)"
    return None


def _counts(keys: list[str]) -> bool:
    return all(key.isdecimal() for key in keys)
