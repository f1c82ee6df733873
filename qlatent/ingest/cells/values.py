"""Read single cells: missing values, cleaned texts, ids, prices and JSON values."""

from __future__ import annotations

import datetime
import decimal
import json
import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from qlatent.ingest.record import RefusedRow

_MISSING_WORDS = frozenset({"", "nan", "null", "<na>", "n/a", "#n/a", "nat", "\\n"})
_MAX_ID = 300


def is_missing(value: Any) -> bool:
    """Whether the value is None, NaN, blank text, or a word that programs write for NaN (databases: \\N)."""
    if value is None:
        return True
    if isinstance(value, str):
        return len(value) < 100_000 and value.strip().lower() in _MISSING_WORDS
    return isinstance(value, float | np.floating) and math.isnan(value)


def clean_text(value: str) -> str:
    """The text without outer white space, NULs and lone surrogates, which UTF-8 cannot encode."""
    return value.encode("utf-8", "replace").decode().replace("\0", "").strip()


def as_text(value: Any) -> str | None:
    """A cell as text, or None if missing; integers lose a trailing ".0" (552.0 and 552 are one id)."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, np.generic):
        value = value.item()
    if is_missing(value):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, list | dict):
        value = json.dumps(as_json(value), ensure_ascii=False)
    return clean_text(str(value)) or None


def as_id(value: Any) -> str | None:
    """A cell as id; `RefusedRow` if it exceeds the maximum length."""
    text = as_text(value)
    if text is not None and len(text) > _MAX_ID:
        raise RefusedRow(f"its id has {len(text):,} characters; the limit is {_MAX_ID}")
    return text


def are_plain_ids(cells: Sequence[Any]) -> bool:
    """Whether every cell is a text of ASCII that `as_id` returns as it is; some thousand are told at once."""
    if not cells or set(map(type, cells)) != {str}:
        return False
    whole = "".join(cells)
    clean = whole.isascii() and "\0" not in whole and list(map(str.strip, cells)) == list(cells)
    return clean and max(map(len, cells)) <= _MAX_ID and _MISSING_WORDS.isdisjoint(map(str.lower, cells))


_NUMBER = re.compile(r"[-+]?\d[\d.,'\u00a0\u202f ]*")


def as_price(value: Any) -> float | None:
    """The number in a price such as 12, "$1,299.00", "1.299,00 €" or "12,50", or None."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int | float | decimal.Decimal) and not isinstance(value, bool):
        return _finite(value)
    found = _NUMBER.search(value) if isinstance(value, str) else None
    if found is None:
        return None
    digits = re.sub(r"[' \u00a0\u202f]", "", found.group()).rstrip(".,")
    return _as_number(digits)


_CURRENCY = re.compile(
    r"\b([A-Z]{3})\b|\b(US|AU|C|CA|NZ|HK|S|R)\s?\$|([$€£¥₹₽₩₺₴₫₪₱฿])|\b(Rs|Kč|zł|kr|Ft)\b", re.IGNORECASE
)
_CODES = frozenset((
    "USD", "EUR", "GBP", "CHF", "INR", "JPY", "CNY", "RMB", "CAD", "AUD", "NZD", "HKD", "SGD", "BRL", "SEK", "NOK",
    "DKK", "PLN", "CZK", "HUF", "RON", "TRY", "RUB", "UAH", "KRW", "THB", "VND", "IDR", "MYR", "PHP", "MXN", "ZAR",
    "ILS", "AED", "SAR", "EGP", "NGN", "KES", "PKR", "BDT", "ARS", "CLP", "COP", "PEN", "TWD", "BTC", "ETH", "USDT",
))  # fmt: skip
_DOLLARS = {
    "US": "USD", "AU": "AUD", "C": "CAD", "CA": "CAD", "NZ": "NZD", "HK": "HKD", "S": "SGD", "R": "BRL",
}  # fmt: skip
_SIGNS = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₩": "KRW", "₺": "TRY", "₴": "UAH", "₫": "VND", "₪": "ILS",
    "₱": "PHP", "฿": "THB", "zł": "PLN", "kč": "CZK", "ft": "HUF", "rs": "INR",
}  # fmt: skip


def as_currency(value: Any) -> str | None:
    """The currency in a price such as "€ 12.50" or "12 usd": its code, or the sign where several use it ($, ¥, kr)."""
    for found in _CURRENCY.finditer(value) if isinstance(value, str) else ():
        code, dollar, sign, word = found.groups()
        if code and code.upper() not in _CODES:
            continue
        if code:
            return code.upper()
        return _DOLLARS[dollar.upper()] if dollar else _SIGNS.get((sign or word).lower(), sign or word)
    return None


def _as_number(digits: str) -> float | None:
    """The number of a digit string; the last "." or "," is the decimal mark unless three digits follow it."""
    comma, point = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and point >= 0:
        thousands = "," if point > comma else "."
        digits = digits.replace(thousands, "").replace(",", ".")
    elif comma >= 0:
        grouped = re.fullmatch(r"[-+]?\d{1,3}(,\d{3})+", digits)
        digits = digits.replace(",", "" if grouped else ".")
    elif digits.count(".") > 1:
        digits = digits.replace(".", "")
    return _finite(digits)


def _finite(value: Any) -> float | None:
    """The number, or None if it is not a finite float ("1.2,3,4", 10**400, infinity)."""
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_json(value: Any) -> Any:
    """The value in JSON types; None if it is missing or not a JSON value (bytes, images)."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): as_json(cell) for key, cell in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(cell) for cell in value]
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, float | decimal.Decimal):
        return _finite(value)
    return None if value is None or isinstance(value, bytes) else clean_text(str(value))
