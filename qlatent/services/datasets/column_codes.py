"""Numbers in place of the texts of a column, made by Arrow: a million texts in a second. Torch-free."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Codes = NDArray[np.int64]
_KEY_BYTES = 8
_FEW_ALIKE = 4  # beyond one in so many texts with the first bytes of another, Arrow sorts them all


class Coded:
    """The texts of a column, looked up once for both kinds of numbers."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        coded = _coded(column)
        self._texts: pa.Array = coded.dictionary
        self._numbers: Codes = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)

    @cached_property
    def codes(self) -> Codes:
        """A number of each text, (rows,), equal for equal texts; −1 for None and ""."""
        blank = pc.index(self._texts, "").as_py()  # −1 where no text is ""
        return np.where(self._numbers == blank, -1, self._numbers) if blank >= 0 else self._numbers

    @cached_property
    def ranks(self) -> Codes:
        """The rank of each text among the distinct texts in the order of Unicode, (rows,) from 0; None counts as ""."""
        order = _sorted(self._texts)
        rank = np.zeros(
            len(order) + 1, dtype=np.int64
        )  # the last one is that of None, which has the number −1
        own_blank = len(order) > 0 and self._texts[int(order[0])].as_py() == ""
        shift = int(not own_blank and bool((self._numbers < 0).any()))
        rank[order] = np.arange(shift, len(order) + shift)
        return rank[self._numbers]


def codes(column: pa.ChunkedArray) -> Codes:
    """A number of each text, (rows,), equal for equal texts; −1 for None and ""."""
    return Coded(column).codes


def ranks(column: pa.ChunkedArray) -> Codes:
    """The rank of each text among the distinct texts in the order of Unicode, (rows,) from 0; None counts as ""."""
    return Coded(column).ranks


def present(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    """Mask of the rows (rows,) with a text, which is neither None nor ""."""
    return pc.greater(pc.binary_length(column), 0).fill_null(False).to_numpy()


def text_array(column: pa.ChunkedArray) -> NDArray[np.str_]:
    """The texts of a column as an array (rows,) of numpy; "" for None."""
    coded = _coded(column.fill_null(""))
    texts = np.array(coded.dictionary.to_pylist(), dtype=np.str_)
    return texts[coded.indices.to_numpy(zero_copy_only=False)]


def joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """The texts of each row of several columns joined by "|"; None counts as ""."""
    filled = [column.fill_null("") for column in columns]
    return filled[0] if len(filled) == 1 else pc.binary_join_element_wise(*filled, "|")


def _coded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    whole = column.combine_chunks()  # one dictionary for all chunks
    if isinstance(whole, pa.ChunkedArray):  # of no rows
        whole = pa.array([], column.type)
    return whole.dictionary_encode()


def _sorted(texts: pa.Array) -> NDArray[np.int64]:
    """The order (n,) of distinct texts by Unicode: by their first bytes, and by Arrow where these are equal.

    Hashes hardly ever begin alike, and a million are sorted as numbers in a quarter of the time. UTF-8 sorts as its
    code points do.
    """
    keys = _first_bytes(texts)
    order = np.argsort(keys)
    same = np.flatnonzero(np.diff(keys[order]) == 0)
    if len(same) > len(texts) // _FEW_ALIKE:
        return np.asarray(pc.array_sort_indices(texts)).astype(np.int64)
    if len(same):
        alike = np.union1d(same, same + 1)  # places in the order whose first bytes are those of a neighbour
        rows = order[alike]
        order[alike] = rows[pc.array_sort_indices(texts.take(pa.array(rows))).to_numpy()]
    return order


def _first_bytes(texts: pa.Array) -> NDArray[np.uint64]:
    """The first eight bytes of each text as a number (n,) that sorts as they do; zeros after its end."""
    found = np.zeros(len(texts), dtype=np.uint64)
    _, offsets, content = texts.buffers()
    if not len(texts) or content is None or not content.size:  # nothing but ""
        return found
    ends = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(
        np.int64
    )
    letters = np.frombuffer(content, dtype=np.uint8)
    for place in range(_KEY_BYTES):
        at = ends[:-1] + place
        letter = np.where(at < ends[1:], letters[np.minimum(at, len(letters) - 1)], 0)
        found = (found << np.uint64(8)) | letter.astype(np.uint64)
    return found
