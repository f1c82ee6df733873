"""How far pictures lie apart: bits in which their perceptual hashes differ, also when one is cropped or mirrored.

pHash (C. Zauner, 2010; the library ImageHash) compares 8 × 8 frequencies with their median. A picture that was cropped
keeps hardly any of these bits, so each picture is hashed whole, mirrored, and in nine overlapping parts: the distance
of two is the smallest between a whole (mirrored or not) of one and the whole or a part of the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Codes = NDArray[np.uint64]
BITS = 64
WIDEST = 16.0  # bits; two unrelated photographs differ in about 32
USUAL = 10.0  # bits: benchmarks/near_duplicates.py
PARTS = 9
SHARE = 0.87  # of each side of the picture that a part shows
SIDE = 64  # pixels of the square that is hashed
FLAT = 4.0  # grey levels of 255: the standard deviation below which a picture has no detail


@dataclass(frozen=True, eq=False)
class Hashes:
    """The hashes of n pictures, and which pictures are flat: noise alone decides their bits."""

    whole: Codes  # (n,)
    mirrored: Codes  # (n,)
    parts: Codes  # (n, PARTS)
    flat: NDArray[np.bool_]  # (n,)

    block = 1 << 18

    def __len__(self) -> int:
        return len(self.whole)

    def distances(self, start: int, stop: int, begin: int) -> NDArray[np.uint8]:
        """The bits (stop - start, n - begin) in which pictures differ, the fewest over wholes and parts."""
        ours, theirs = slice(start, stop), slice(begin, None)
        fewest = _apart(self.whole[ours], self.whole[theirs])
        for one, other in ((self.whole, self.mirrored), (self.mirrored, self.whole)):
            np.minimum(fewest, _apart(one[ours], other[theirs]), out=fewest)
        for part in self.parts.T:
            for whole in (self.whole, self.mirrored):
                np.minimum(fewest, _apart(part[ours], whole[theirs]), out=fewest)
                np.minimum(fewest, _apart(whole[ours], part[theirs]), out=fewest)
        return fewest

    def taken(self, rows: NDArray[np.int64]) -> Hashes:
        """The hashes of some of the pictures, in this order."""
        return Hashes(self.whole[rows], self.mirrored[rows], self.parts[rows], self.flat[rows])


def hashed(pictures: list[Image.Image]) -> Hashes:
    """The hashes of these pictures; thumbnails will do."""
    squares = [_square(picture) for picture in pictures]
    parts = [[_code(square, box) for box in _boxes()] for square in squares]
    flat = [bool(np.asarray(square, dtype=np.float64).std() < FLAT) for square in squares]
    return Hashes(
        np.array([_code(square) for square in squares], np.uint64),
        np.array([_code(ImageOps.mirror(square)) for square in squares], np.uint64),
        np.array(parts, np.uint64).reshape(-1, PARTS),
        np.array(flat, np.bool_),
    )


def same(hashes: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first of the pictures of each hash (c,), and which hash each picture has (n,)."""
    codes = np.column_stack([hashes.whole, hashes.mirrored, hashes.parts])
    _, first, number = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    return first, number.reshape(-1)


def joined(parts: list[Hashes]) -> Hashes:
    """The hashes of several lists of pictures, one after the other."""
    every = [*parts, hashed([])]
    names = ("whole", "mirrored", "parts", "flat")
    return Hashes(*(np.concatenate([getattr(each, name) for each in every]) for name in names))


def _square(picture: Image.Image) -> Image.Image:
    return picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def _boxes() -> list[tuple[float, float, float, float]]:
    side = SHARE * SIDE
    starts = (0.0, (SIDE - side) / 2, SIDE - side)
    return [(left, top, left + side, top + side) for left in starts for top in starts]


def _code(square: Image.Image, box: tuple[float, float, float, float] | None = None) -> int:
    """The 64 bits of the hash of a grey picture, or of a part of it, as a number."""
    import imagehash  # loads PyWavelets and SciPy's transforms

    if box is not None:
        square = square.resize((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS, box=box)
    return int.from_bytes(np.packbits(imagehash.phash(square).hash).tobytes(), "big")


def _apart(ours: Codes, theirs: Codes) -> NDArray[np.uint8]:
    """The Hamming distances (b, n) of codes (b,) and (n,)."""
    return np.bitwise_count(ours[:, None] ^ theirs[None])
