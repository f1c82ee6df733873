"""Full text: items by the words of their texts and columns, ranked by BM25, read from the rows without an index.

Every search reads the texts as they are now, so there is nothing to update or to lose. BM25 (Robertson and Zaragoza
2009) with k₁ = 1.2 and b = 0.75; the length of a text is its number of characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.datasets import browsing
from qlatent.services.datasets.conditions import known_column
from qlatent.store.workspace import Workspace

K1, B = 1.2, 0.75
TEXT = ("text",)
_PART = re.compile(r'(?P<sign>-?)(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s"]+))')
_EDGE = r"[^\pL\pN_]"  # of RE2, whose \b knows ASCII letters only


@dataclass(frozen=True, slots=True)
class Part:
    """A word, a phrase, or the beginning of a word (`red*`), which must occur, or with a minus must not."""

    words: str
    without: bool = False
    begins: bool = False

    @property
    def pattern(self) -> str:
        """A regular expression of RE2 and of Python's `re` where both agree: the words, without case."""
        return r"\s+".join(re.escape(word) for word in self.words.split())


def parts(text: str) -> list[Part]:
    """The parts of a search such as `red "garden chair" wood* -plastic`; one without a word raises `InputError`."""
    found = []
    for match in _PART.finditer(text):
        words = match["phrase"] if match["phrase"] is not None else match["word"]
        begins = match["phrase"] is None and words.endswith("*")
        words = re.sub(r"^\W+|\W+$", "", words)  # punctuation around them
        if words:
            found.append(Part(words, match["sign"] == "-", begins))
    if not any(not part.without for part in found):
        raise InputError(
            "There is no word to search for.", remedy='Write words, "a phrase" or the begin* of a word.'
        )
    return found


def matching(
    workspace: Workspace, dataset: str, text: str, *, columns: Sequence[str] = TEXT
) -> NDArray[np.bool_]:
    """Mask (rows,) of the items in which all the words occur, in any of the columns; case is ignored.

    An unknown column raises `InputError`.
    """
    contents = _contents(workspace, dataset, tuple(columns), workspace.items.version(dataset))
    mask = np.ones(len(contents), dtype=np.bool_)
    for part in parts(text):
        mask &= _occurs(contents, part) != part.without
    return mask


def ranked(
    workspace: Workspace, dataset: str, text: str, *, columns: Sequence[str] = TEXT, among: Any = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The matching rows, best first, and their BM25 scores; equal scores in order of rows.

    `among` (rows,) restricts them to some rows. Errors as in `matching`.
    """
    contents = _contents(workspace, dataset, tuple(columns), workspace.items.version(dataset))
    mask = matching(workspace, dataset, text, columns=columns)
    if among is not None:
        mask &= np.asarray(among, dtype=np.bool_)
    rows = np.flatnonzero(mask)
    found = contents.take(pa.array(rows)).to_pylist()
    sizes = pc.utf8_length(contents).to_numpy(zero_copy_only=False)
    relative = 1 - B + B * sizes[rows] / max(1.0, float(sizes.mean()) if len(sizes) else 1.0)
    scores = np.zeros(len(rows))
    for part in (each for each in parts(text) if not each.without):
        having = int(_occurs(contents, part).sum())
        rarity = np.log(1 + (len(contents) - having + 0.5) / (having + 0.5))
        ends = "" if part.begins else r"(?!\w)"
        counted = re.compile(rf"(?<!\w){part.pattern}{ends}", re.IGNORECASE)
        counts = np.array([len(counted.findall(each)) for each in found], dtype=np.float64)
        scores += rarity * counts * (K1 + 1) / (counts + K1 * relative)
    order = np.argsort(-scores, kind="stable")
    return rows[order], scores[order]


def _occurs(contents: pa.Array, part: Part) -> NDArray[np.bool_]:
    """Mask (rows,) of the texts in which a part occurs as whole words."""
    ends = "" if part.begins else rf"($|{_EDGE})"
    pattern = rf"(^|{_EDGE}){part.pattern}{ends}"
    found: NDArray[np.bool_] = pc.match_substring_regex(contents, pattern, ignore_case=True).to_numpy(
        zero_copy_only=False
    )
    return found


@lru_cache(maxsize=2)
def _contents(workspace: Workspace, dataset: str, columns: tuple[str, ...], version: int) -> pa.Array:
    """The values of the columns, one text for each item."""
    if set(columns) <= set(browsing.COLUMNS):
        table = workspace.items.table(dataset, columns=list(columns), version=version)
        values = [pc.fill_null(table[name].combine_chunks().cast(pa.string()), "") for name in columns]
    else:
        items = browsing.items(workspace, dataset)
        values = [
            pa.array(known_column(items, name).astype(object).map(_told), pa.string()) for name in columns
        ]
    joined = pc.binary_join_element_wise(*values, "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _told(value: Any) -> str:
    return "" if value is None or value != value else str(value)  # NaN and NaT differ from themselves
