"""Parse lists of numbers as written by Python, JSON, numpy and torch print, Postgres, as bytes or base64."""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from qlatent.errors import InputError
from qlatent.ingest.cells.json_text import NotJson, parse
from qlatent.ingest.files.stored_arrays import array_of
from qlatent.ingest.record import RefusedRow

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)|null|none"
_WRAPPED = re.compile(r"(?:np\.|numpy\.)?(?:float|int|uint)\d+\(([^()]*)\)")
_PRINTED = re.compile(r"(?:np\.|numpy\.|torch\.)?(?:array|tensor|Tensor|Array)\(")
_SETTING = re.compile(r",\s*\w+\s*=")  # dtype=float32, device='cuda:0'
_LIST = re.compile(  # possessive quantifiers (*+, ++) prevent backtracking: a cell may have millions of characters
    rf"[\[({{<\s]*+(?:{_NUMBER})(?:[\s,;|]++(?:{_NUMBER}))*+[\s,;|]*+[\])}}>\s]*+", re.IGNORECASE
)
_ELLIPSIS = re.compile(r"(?<=[\s,])(?:\.\.\.|…)(?=[\s,])")
_OPENINGS = "[({"
_BARE_LEAST = 4  # minimum numbers of a list without brackets; fewer may be a date, a size or a price
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
_PICKLE, _NPY = b"\x80", b"\x93NUMPY"
_NUMBER_TYPES = ("<f4", "<f8", "<f2")
_SPREAD = (
    5.0  # maximum standard deviation of log2 |x|: 1.6 for normal numbers, above 8 for bits of another type
)


def is_shortened(text: str) -> bool:
    """Whether a printed list is abbreviated with "...", so that its numbers are lost."""
    inner = _inside(text.strip())
    return (
        text.strip()[:1] in (*_OPENINGS, "a", "t", "n")
        and bool(_ELLIPSIS.search(inner))
        and _is_list(_ELLIPSIS.sub(" ", inner))
    )


def is_number_list(text: str) -> bool:
    """Whether a text is a list of at least two numbers, or at least four without brackets."""
    text = text.strip()
    if not text or not (
        text[0] in "[({<+-." or text[0].isdigit() or text[:2] in ("ar", "te", "np", "nu", "to", "Te")
    ):
        return False
    if is_shortened(text):
        return True
    inner = _inside(text)
    if not _is_list(inner):
        return False
    return len(_split(inner)) >= (2 if inner[0] in _OPENINGS else _BARE_LEAST)


def has_brackets(text: str) -> bool:
    """Whether a list of numbers has brackets."""
    return _inside(text.strip())[:1] in tuple(_OPENINGS)


def numbers_in(text: str, *, name: str) -> Any:
    """The numbers of a text, as a list or an array; `RefusedRow` if it is not a list of numbers."""
    text = text.strip()
    if is_shortened(text):
        raise RefusedRow(
            f"{name} was shortened with '...' when it was written: its numbers are not in the file"
        )
    with suppress(NotJson):
        found = parse(text)
        if isinstance(found, list):
            return found
    inner = _inside(text)
    if _is_list(inner):
        return [_float(each) for each in _split(inner)]
    packed = _from_base64(text)
    if packed is not None:
        return packed
    raise RefusedRow(f"{name} is not a list of numbers such as [0.1, -0.2]")


def _inside(text: str) -> str:
    printed = _PRINTED.match(text)
    if printed is None or not text.endswith(")"):
        return _WRAPPED.sub(r"\1", text)
    inner = text[printed.end() : -1]
    more = _SETTING.search(inner)
    return _WRAPPED.sub(r"\1", (inner[: more.start()] if more else inner).strip())


def _is_list(text: str) -> bool:
    return bool(text) and _LIST.fullmatch(text) is not None


def _split(text: str) -> list[str]:
    return re.sub(r"[\[\](){}<>,;|]", " ", text).split()


def _float(word: str) -> float:
    return float("nan") if word.lower() in ("null", "none") else float(word)


# --- numbers as bytes -------------------------------------------------------------------------------------


def number_type(cells: Sequence[bytes]) -> str:
    """The dtype of numbers stored as bytes: "<f4", "<f8", "<f2", "npy" for saved arrays, or "" if none fits.

    Bits read as the wrong dtype give numbers of widely varying magnitude; the inferred dtype is the one whose numbers
    are all finite with the smallest spread of logarithms.
    """
    filled = [cell for cell in cells if cell]
    if not filled:
        return ""
    if sum(cell.startswith(_NPY) for cell in filled) * 2 >= len(filled):
        return "npy"
    length = Counter(map(len, filled)).most_common(1)[0][0]
    joined = b"".join(cell for cell in filled if len(cell) == length)
    spreads = {kind: _spread(joined, kind) for kind in _NUMBER_TYPES if length % int(kind[-1]) == 0}
    best = min(spreads, key=lambda kind: spreads[kind], default="")
    return best if best and spreads[best] < _SPREAD and length >= 2 * int(best[-1]) else ""


def _spread(content: bytes, kind: str) -> float:
    with np.errstate(all="ignore"):
        numbers = np.frombuffer(content, dtype=kind).astype(np.float64)
        sizes = np.abs(numbers[numbers != 0])
        if not np.isfinite(numbers).all() or sizes.size == 0 or sizes.max() > 1e6 or sizes.min() < 1e-30:
            return float("inf")
        return float(np.log2(sizes).std())


def numbers_of_bytes(content: bytes, *, kind: str, name: str) -> Any:
    """The numbers of a cell of bytes with known dtype; `RefusedRow` if they cannot be read."""
    if content.startswith(_PICKLE):
        raise RefusedRow(
            f"{name} is a pickled Python object, which is never loaded; store plain float32 bytes"
        )
    if content.startswith(_NPY):
        try:
            return array_of(content, name=name)
        except InputError as err:
            raise RefusedRow(f"{name} is a damaged .npy array") from err
    if kind not in _NUMBER_TYPES:
        raise RefusedRow(f"{name} is bytes that are neither float16, float32 nor float64 numbers")
    if not content or len(content) % int(kind[-1]):
        raise RefusedRow(f"{name} has {len(content):,} bytes, which are no whole count of {kind[1:]} numbers")
    return np.frombuffer(content, dtype=kind)


def is_packed_text(text: str) -> bool:
    """Whether a text is base64-encoded numbers, as in API responses with embeddings."""
    return _from_base64(text.strip()) is not None


def _from_base64(text: str) -> Any:
    if not _BASE64.fullmatch(text):
        return None
    try:
        content = base64.b64decode(
            text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
        )
    except (ValueError, binascii.Error):
        return None
    kind = number_type([content])
    return np.frombuffer(content, dtype=kind) if kind in _NUMBER_TYPES else None
