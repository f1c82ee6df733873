"""Read dates as programs and shops write them, as ISO 8601."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from typing import Any

from qlatent.ingest.column import Order

_TIME = r"(?:(?:[T,]|\s)\s?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?\s?(am|pm)?)?\s?([a-z]{1,5}|[+-]\d{2}:?\d{2})?"
_NUMBERS = re.compile(rf"(\d{{1,4}})([./-])(\d{{1,2}})\2(\d{{1,4}}){_TIME}", re.IGNORECASE)
_MONTH_FIRST = re.compile(
    rf"([a-z]{{3,9}})[-. ]{{1,2}}(\d{{1,2}})[-, ]{{1,2}}(\d{{2,4}}){_TIME}", re.IGNORECASE
)
_DAY_FIRST = re.compile(
    rf"(\d{{1,2}})[-. ]{{1,2}}([a-z]{{3,9}})[-., ]{{1,2}}(\d{{2,4}}){_TIME}", re.IGNORECASE
)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_MONTHS = (
    ("jan", "january"), ("feb", "february"), ("mar", "march"), ("apr", "april"), ("may",), ("jun", "june"),
    ("jul", "july"), ("aug", "august"), ("sep", "sept", "september"), ("oct", "october"), ("nov", "november"),
    ("dec", "december"),
)  # fmt: skip
_ZONES = {
    "z": 0, "utc": 0, "gmt": 0, "pst": -8, "pdt": -7, "mst": -7, "mdt": -6, "cst": -6, "cdt": -5, "est": -5,
    "edt": -4, "bst": 1, "cet": 1, "cest": 2,
}  # fmt: skip
_LONGEST = 40
_DAY = 24 * 60
_FIRST, _LAST = 946_684_800, 4_102_444_800  # seconds since 1970 that are years from 2000 to 2099


def as_date(value: Any, *, order: Order = "") -> str | None:
    """A cell as ISO 8601, with its time and zone where it has them; None if it is no date, or if it may be two.

    Seconds or milliseconds since 1970 count from 2000 to 2099, in UTC. `order` decides about 11/12/2025; with points
    (11.12.2025) the day comes first.
    """
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_seconds(float(value))
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    if _ISO.fullmatch(text):
        return text
    if text.isascii() and text.isdigit() and len(text) in (10, 13):
        return _from_seconds(float(text))
    for pattern, read in ((_NUMBERS, _numbers), (_MONTH_FIRST, _month_first), (_DAY_FIRST, _day_first)):
        if found := pattern.fullmatch(text):
            day = read(found, order)
            return _made(day, found.groups()[-5:]) if day else None
    return None


def order_of(cells: Iterable[Any]) -> Order:
    """Whether dates such as 11/28/2025 begin with the day or the month: told by a number above 12."""
    first = second = False
    for cell in cells:
        found = _NUMBERS.fullmatch(cell.strip()) if isinstance(cell, str) and len(cell) <= _LONGEST else None
        if found and len(found[1]) < 3:
            first |= int(found[1]) > 12
            second |= int(found[3]) > 12
    return "" if first == second else "dmy" if first else "mdy"


def _from_seconds(number: float) -> str | None:
    seconds = number / 1000 if number >= _FIRST * 1000 else number
    if not _FIRST <= seconds < _LAST:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


def _numbers(found: re.Match[str], order: Order) -> tuple[int, int, int] | None:
    first, mark, second, third = found[1], found[2], found[3], found[4]
    if len(first) == 4:
        return int(first), int(second), int(third)
    order = "dmy" if mark == "." else order
    if not order or len(third) not in (2, 4) or len(first) > 2:
        return None
    day, month = (first, second) if order == "dmy" else (second, first)
    return _year(third), int(month), int(day)


def _month_first(found: re.Match[str], order: Order) -> tuple[int, int, int] | None:
    month = _month(found[1])
    return (_year(found[3]), month, int(found[2])) if month else None


def _day_first(found: re.Match[str], order: Order) -> tuple[int, int, int] | None:
    month = _month(found[2])
    return (_year(found[3]), month, int(found[1])) if month else None


def _month(name: str) -> int:
    return next((at for at, names in enumerate(_MONTHS, start=1) if name.lower() in names), 0)


def _year(digits: str) -> int:
    return int(digits) + 2000 if len(digits) == 2 else int(digits)


def _made(day: tuple[int, int, int], time: tuple[str | None, ...]) -> str | None:
    """The date with its time of day; None for the 31st of June, 25 o'clock or an unknown time zone."""
    hour, minute, second, half, zone = time
    offset = _offset(zone)
    if zone and offset is None:
        return None
    try:
        if hour is None:
            return datetime.date(*day).isoformat()
        hours = int(hour) % 12 + 12 * (half.lower() == "pm") if half else int(hour)
        made = datetime.datetime(*day, hours, int(minute or 0), int(second or 0), tzinfo=offset)
    except ValueError:
        return None
    return made.isoformat(timespec="seconds")


def _offset(zone: str | None) -> datetime.tzinfo | None:
    if zone is None:
        return None
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        minutes: int | None = int(f"{zone[0]}1") * (int(digits[:2]) * 60 + int(digits[2:]))
    else:
        hours = _ZONES.get(zone.lower())
        minutes = None if hours is None else hours * 60
    if minutes is None or abs(minutes) >= _DAY:
        return None
    return datetime.timezone(datetime.timedelta(minutes=minutes))
