"""Formats numbers, times and foreign text for people; plain strings in and out, without Streamlit."""

from __future__ import annotations

import base64
import math
import re
import time
from collections.abc import Collection

from qlatent.registry import ENCODERS

# humanize writes "3 minutes and 20 seconds" and "5 minutes ago", for which tables and progress lines have no room
MINUTE, HOUR, DAY = 60, 3600, 86_400
THOUSAND = 1000
JOINER = "\u2060"
"""An invisible character that keeps a bare address from becoming a link; escaping its punctuation does not."""


def literal(text: str, *, limit: int = 200) -> str:
    """Foreign text made safe for Markdown: one line, punctuation escaped, cut at `limit` characters."""
    line = cut(" ".join(text.split()), limit=limit)
    line = re.sub(r"(?i)(https?|www)(?=://|\.)", rf"\1{JOINER}", line).replace("@", f"{JOINER}@")
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", line)


def cut(text: str, *, limit: int) -> str:
    """The text, or its beginning with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def encoder_name(key: str, among: Collection[str] = ()) -> str:
    """The name of an encoder by its key; with the key's digits only if `among` has another key of that name."""
    if key == "given":
        return "imported vectors"
    name, _, digits = key.rpartition("-")
    if name not in ENCODERS:
        return key or "an unknown encoder"
    alike = {each for each in among if each.rpartition("-")[0] == name} | {key}
    return ENCODERS[name].title if len(alike) == 1 else f"{ENCODERS[name].title} {digits}"


def count(number: int, noun: str, plural: str = "") -> str:
    """'1 item', '2,000 items'."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float | None) -> str:
    """'12 s', '3 min 20 s', '2 h 5 min'; a dash if it is unknown."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    seconds = max(0, round(seconds))
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min {seconds % MINUTE} s"
    return f"{seconds // HOUR} h {seconds % HOUR // MINUTE} min"


def ago(moment: float, *, now: float | None = None) -> str:
    """'just now', '5 min ago', '3 h ago', '2 days ago' for unix seconds."""
    seconds = (time.time() if now is None else now) - moment
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min ago"
    if seconds < DAY:
        return f"{int(seconds // HOUR)} h ago"
    return f"{count(int(seconds // DAY), 'day')} ago"


def size(number: float) -> str:
    """Bytes as '3.1 MB'."""
    for unit in ("B", "kB", "MB"):
        if number < THOUSAND:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= THOUSAND
    return f"{number:.1f} GB"


def decimal(value: float | None, *, digits: int = 3) -> str:
    """A number with `digits` decimals; a dash if it is undefined."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f}"


def data_uri(image: bytes | None, mime: str = "image/webp") -> str | None:
    """A small image as a data URI, which a table cell can show."""
    return f"data:{mime};base64,{base64.b64encode(image).decode()}" if image else None
