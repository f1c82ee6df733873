"""JSON as others write it → values that every later step can hold. The one place where ingest parses JSON."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 64
"""Nesting beyond this is no row of a table, and walks over it would run out of stack."""
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):  # noqa: N818  (an outcome of reading, told as a refusal or an error by its reader)
    """Why a text cannot be read as JSON, in plain words that follow "is not"."""


def parse(text: str) -> Any:
    """The value of a JSON text, at most `MAX_DEPTH` levels deep and without halves of surrogate pairs.

    Everything that keeps it from being read is a `NotJson`: bad syntax, numbers of thousands of digits, nesting.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as err:
        raise NotJson(f"valid JSON ({err.msg} at character {err.pos + 1})") from err
    except RecursionError as err:
        raise NotJson(_too_deep()) from err
    except ValueError as err:  # whole numbers of thousands of digits
        raise NotJson(f"JSON that can be read ({str(err).split(';')[0]})") from err
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(value)
    return _whole(value) if _HALF_PAIR.search(text) else value


def _too_deep() -> str:
    return f"JSON that can be read (nested more than {MAX_DEPTH} levels deep)"


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, list | dict)
        ]
    if level:
        raise NotJson(_too_deep())


def _whole(value: Any) -> Any:
    """The value with U+FFFD in place of each half of a surrogate pair, which UTF-8 cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return value
