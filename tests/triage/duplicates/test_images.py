"""Hashes of pictures: Hamming distances by brute force, and which changes of a picture they withstand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from qlatent.triage.duplicates import images
from qlatent.triage.duplicates.images import PARTS, USUAL, Hashes


def scenery(seed: int) -> Image.Image:
    """A picture of smooth patches, unlike those of other seeds."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC)


def distance(one: Image.Image, other: Image.Image) -> int:
    return int(images.hashed([one, other]).distances(0, 1, 0)[0, 1])


def jpeg(picture: Image.Image) -> Image.Image:
    content = io.BytesIO()
    picture.resize((160, 120)).save(content, "JPEG", quality=40)
    return Image.open(content)


def cropped(picture: Image.Image) -> Image.Image:
    return picture.crop((20, 10, 300, 225))


CHANGES = {
    "jpeg": jpeg, "mirrored": ImageOps.mirror, "cropped": cropped,
    "cropped and mirrored": lambda picture: ImageOps.mirror(cropped(picture)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
    "grey": lambda picture: picture.convert("L"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_lies_within_the_usual_threshold(change: str) -> None:
    for seed in range(5):
        picture = scenery(seed)
        assert distance(picture, CHANGES[change](picture)) <= USUAL
        assert distance(CHANGES[change](picture), picture) <= USUAL


def test_other_pictures_lie_beyond_the_usual_threshold() -> None:
    found = images.hashed([scenery(seed) for seed in range(20)]).distances(0, 20, 0)
    assert found[np.triu_indices(20, 1)].min() > USUAL


def test_distances_are_the_fewest_different_bits_over_wholes_and_parts() -> None:
    rng = np.random.default_rng(0)
    whole, mirrored = rng.integers(2**64, size=(2, 12), dtype=np.uint64)
    parts = rng.integers(2**64, size=(12, PARTS), dtype=np.uint64)
    found = Hashes(whole, mirrored, parts, np.zeros(12, bool)).distances(2, 7, 1)

    def apart(one: int, other: int) -> int:
        a, b = ([int(whole[i]), int(mirrored[i])] for i in (one, other))
        cut = [[int(x) for x in parts[i]] for i in (one, other)]
        pairs = [(a[0], b[0]), (a[0], b[1]), (a[1], b[0])]
        pairs += [(x, y) for x in cut[0] for y in b] + [(x, y) for x in cut[1] for y in a]
        return min((x ^ y).bit_count() for x, y in pairs)

    assert found.tolist() == [[apart(i, j) for j in range(1, 12)] for i in range(2, 7)]


def test_pictures_without_detail_are_flat() -> None:
    nearly = Image.fromarray(np.random.default_rng(0).integers(250, 256, (90, 90), dtype=np.uint8))
    pictures = [Image.new("RGB", (80, 80), "white"), nearly, scenery(0), Image.new("L", (1, 1), 7)]
    assert images.hashed(pictures).flat.tolist() == [True, True, False, True]


def test_lists_of_hashes_are_joined_and_rows_taken() -> None:
    pictures = [scenery(seed) for seed in range(3)]
    whole = images.hashed(pictures)
    found = images.joined([images.hashed(pictures[:1]), images.hashed(pictures[1:])]).taken(np.array([2, 0]))
    assert found.whole.tolist() == whole.whole[[2, 0]].tolist()
    assert found.parts.tolist() == whole.parts[[2, 0]].tolist()
    assert len(images.joined([])) == 0
