"""Damage as files meet it, from a seed: bits that flip, missing ends, parts of others, numbers that lie."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from random import Random
from typing import Any

_LIES = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\0\0\0\x80",
    b"\0\0\0\0\0\0\0\x01",
    b"\xff" * 8,
)
_WORDS = (
    b"NaN", b"-1", b"1e999", b"9" * 400, b"9" * 5000, b"Infinity", b'"', b"'", b"\\ud800", b"\0", b"\xff\xfe",
    b"null", b"[" * 300, b"{" * 70, b"[]", b"{}", b"true", b"\r", b"\n\n", b"\t", b",", b"9223372036854775808", b"-0",
    b"\xe2\x80", b"2020-13-40", b"0x10", b"=1+1", b"../../x", b"99999999999999999999999",
)  # fmt: skip
_VALUES = (
    None, True, -1, 0.5, 1e308, 10**30, "", "a", "1e999", "picture.png", "NaN", [], {}, [None], [[]], [1, "a"],
    {"a": 1}, {"bytes": 5, "path": None}, {"bytes": "x"}, {"path": 3}, [[0.5, 1.5], [2.5]], [0.5] * 9,
    "[0.5, 1.5, ..., 2.5]",
)  # fmt: skip
_STRUCTURAL = re.compile(rb"-?\d+(?:\.\d+)?|\"[^\"\n]{0,40}\"|[\[\]{},:]")


def damaged(content: bytes, others: list[bytes], seed: int) -> bytes:
    """The content with one to three kinds of damage; in archives also inside, with sums that are right again."""
    rng = Random(seed)
    if rng.random() < 0.5:
        if content.startswith(b"PK"):
            return _inside_zip(content, others, rng)
        if content.startswith(b"\x1f\x8b"):
            return gzip.compress(_once(gzip.decompress(content), others, rng), mtime=0)
    for _ in range(rng.choice((1, 1, 2, 3))):
        content = _once(content, others, rng)
    return content


def _inside_zip(content: bytes, others: list[bytes], rng: Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        chosen = rng.choice(old.namelist())
        for name in old.namelist():
            inner = old.read(name)
            new.writestr(name, _once(inner, others, rng) if name == chosen else inner)
    return out.getvalue()


def _once(content: bytes, others: list[bytes], rng: Random) -> bytes:
    kinds = (_flipped, _flipped, _cut, _spliced, _lied, _lied, _reworded, _reworded, _repeated, _revalued)
    return rng.choice(kinds)(content, others, rng) if content else b"\0"


def _flipped(content: bytes, others: list[bytes], rng: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 2, 8))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _cut(content: bytes, others: list[bytes], rng: Random) -> bytes:
    start, end = sorted((rng.randrange(len(content) + 1), rng.randrange(len(content) + 1)))
    return content[:end] if rng.random() < 0.5 else content[:start] + content[end:]


def _spliced(content: bytes, others: list[bytes], rng: Random) -> bytes:
    other = rng.choice(others)
    start = rng.randrange(len(other))
    part = other[start : start + rng.choice((4, 64, 1024))]
    place = rng.randrange(len(content) + 1)
    return content[:place] + part + content[place + (len(part) if rng.random() < 0.5 else 0) :]


def _lied(content: bytes, others: list[bytes], rng: Random) -> bytes:
    """A number in a header, which stands near the beginning or (Parquet, zip) near the end."""
    lie = rng.choice(_LIES)
    near = min(len(content), 160)
    place = rng.choice(
        (rng.randrange(near), len(content) - 1 - rng.randrange(near), rng.randrange(len(content)))
    )
    return content[:place] + lie + content[place + len(lie) :]


def _reworded(content: bytes, others: list[bytes], rng: Random) -> bytes:
    """A number, a text or a bracket of a textual part (a header of numpy is one) that has become another word."""
    found = list(_STRUCTURAL.finditer(content, 0, 4096))
    if not found:
        return _flipped(content, others, rng)
    match = rng.choice(found)
    return content[: match.start()] + rng.choice(_WORDS) + content[match.end() :]


def _repeated(content: bytes, others: list[bytes], rng: Random) -> bytes:
    start = rng.randrange(len(content))
    part = content[start : start + rng.choice((1, 16, 256))]
    return content[:start] + part * rng.choice((2, 50)) + content[start:]


def _revalued(content: bytes, others: list[bytes], rng: Random) -> bytes:
    """A value of a JSON document, or of one of its lines, that has become another value: still JSON."""
    lines = content.splitlines() if content[:1] in b"{[" else []
    chosen = rng.randrange(len(lines)) if lines else 0
    try:
        document = json.loads(lines[chosen])
    except (ValueError, IndexError, RecursionError):
        return _reworded(content, others, rng)
    lines[chosen] = json.dumps(_with_another(document, rng)).encode()
    return b"\n".join(lines)


def _with_another(node: Any, rng: Random) -> Any:
    """The document with one of its values replaced, its keys kept or one of them renamed."""
    if not isinstance(node, dict | list) or not node or rng.random() < 0.2:
        return rng.choice(_VALUES)
    if isinstance(node, list):
        place = rng.randrange(len(node))
        return [*node[:place], _with_another(node[place], rng), *node[place + 1 :]]
    key = rng.choice(list(node))
    new = str(rng.choice(_VALUES)) if rng.random() < 0.1 else key
    return {
        (new if each == key else each): (_with_another(value, rng) if each == key else value)
        for each, value in node.items()
    }
