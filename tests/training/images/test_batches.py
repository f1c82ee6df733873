"""Images of every mode as one batch."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from qlatent.errors import InputError
from qlatent.training.images.batches import as_batch


def test_colours_stay_as_they_are() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    batch = as_batch([Image.fromarray(pixels)])
    np.testing.assert_array_equal(batch[0].permute(1, 2, 0).numpy(), pixels)


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        (Image.new("L", (32, 32), 100), (100, 100, 100)),
        (Image.new("1", (32, 32), 1), (255, 255, 255)),
        (Image.new("RGBA", (32, 32), (200, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (32, 32), (200, 0, 0, 255)), (200, 0, 0)),
        (Image.new("LA", (32, 32), (0, 51)), (204, 204, 204)),
        (Image.new("RGB", (32, 32), (1, 2, 3)).convert("P"), None),
        (Image.fromarray(np.full((32, 32), 65535, dtype=np.uint16)), (255, 255, 255)),
        (Image.new("CMYK", (32, 32), (0, 0, 0, 0)), (255, 255, 255)),
    ],
)
def test_other_kinds_become_colours(image: Image.Image, wanted: tuple[int, int, int] | None) -> None:
    batch = as_batch([image])
    assert batch.shape == (1, 3, 32, 32)
    if wanted:
        assert batch[0, :, 5, 5].tolist() == list(wanted)


def test_large_images_are_brought_down_and_cut_in_the_middle() -> None:
    wide = Image.new("RGB", (128, 64), (255, 0, 0))
    wide.paste((0, 0, 255), (32, 0, 96, 64))
    batch = as_batch([wide, Image.new("RGB", (33, 50))])
    assert batch.shape == (2, 3, 32, 32)
    assert batch[0, :, 16].float().mean(dim=1).tolist() == pytest.approx([0, 0, 255], abs=2)


def test_small_images_are_refused_or_enlarged() -> None:
    small = [Image.new("RGB", (32, 32)), Image.new("RGB", (40, 16), (9, 9, 9))]
    with pytest.raises(
        InputError, match=r"Image 1 has 40×16 pixels, fewer than the crop of 32×32.*small='upscale'"
    ):
        as_batch(small)
    assert as_batch(small, small="upscale")[1].unique().tolist() == [9]
    with pytest.raises(InputError, match="There are no images"):
        as_batch([])
