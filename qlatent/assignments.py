"""Settings written as text: key=value."""

from __future__ import annotations

import json
from typing import Any


def split(text: str) -> tuple[str, str] | None:
    """Key and value of "key=value"; None if there is no key or no equals sign."""
    key, equals, value = text.partition("=")
    return (key, value) if equals and key else None


def value_of(text: str) -> Any:
    """A value that is valid JSON, or Python's True and False; anything else is text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # a word, or JSON that is too long or too deep to read
        return {"True": True, "False": False}.get(text, text)
