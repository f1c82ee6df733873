"""Parse untrusted JSON to values that later steps can handle; the only JSON parser of ingest."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 64
"""Maximum nesting depth; deeper values are not rows of a table, and recursion would overflow the stack."""
_HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):  # noqa: N818  (an outcome of reading, reported as a refusal or an error by its reader)
    """The reason why a text cannot be read as JSON, phrased to follow "is not"."""


def parse(text: str) -> Any:
    """The value of a JSON text, at most `MAX_DEPTH` levels deep and without lone surrogates.

    Raises `NotJson` for bad syntax, numbers with thousands of digits, and deep nesting.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as err:
        raise NotJson(f"valid JSON ({err.msg} at character {err.pos + 1})") from err
    except RecursionError as err:
        raise NotJson(_too_deep()) from err
    except ValueError as err:  # integers with thousands of digits
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
    """The value with lone surrogates, which UTF-8 cannot encode, replaced by U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(each) for key, each in value.items()}
    return value
