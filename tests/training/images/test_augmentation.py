"""Augmentations and their probabilities, against torchvision's, image by image."""

from __future__ import annotations

import pytest
import torch
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from qlatent.errors import InputError
from qlatent.training.images import colours, crops
from qlatent.training.images.augmentation import DEVIATION, MEAN, normalised, plain, view
from qlatent.training.images.configs import PAPER_TEXT, PUBLISHED_CODE, AugmentationConfig


def images(count: int = 6, height: int = 32, width: int = 32, *, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=generator)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


STRENGTHS = torch.tensor([0.6, 0.8, 1.0, 1.2, 1.4, 0.7])


@pytest.mark.parametrize(
    ("own", "reference"),
    [
        (colours.brighten, functional.adjust_brightness),
        (colours.contrasted, functional.adjust_contrast),
        (colours.saturated, functional.adjust_saturation),
        (lambda x, f: colours.turned(x, (f - 1) / 4), lambda x, f: functional.adjust_hue(x, (f - 1) / 4)),
    ],
    ids=["brightness", "contrast", "saturation", "hue"],
)
def test_colours_are_torchvisions_each_image_with_its_own_strength(own, reference) -> None:
    values = images().float() / 255
    values[0, :, :4] = 0.5  # grey has no hue
    wanted = torch.stack([reference(x, float(f)) for x, f in zip(values, STRENGTHS, strict=True)])
    torch.testing.assert_close(own(values, STRENGTHS), wanted, atol=2e-5, rtol=0)


def test_grey_and_blur_are_torchvisions() -> None:
    values = images().float() / 255
    torch.testing.assert_close(colours.grey(values), functional.rgb_to_grayscale(values), atol=2e-4, rtol=0)
    deviations = torch.tensor([0.5, 1.0, 2.0, 0.3, 1.5, 0.1])
    wanted = torch.stack(
        [
            functional.gaussian_blur(x, [13, 13], [float(s)] * 2)
            for x, s in zip(values, deviations, strict=True)
        ]
    )
    torch.testing.assert_close(colours.blurred(values, deviations), wanted, atol=1e-4, rtol=0)


def test_a_crop_is_cut_out_and_resized_as_torchvision_does() -> None:
    values = images(4, 40, 36).float() / 255
    box = torch.tensor([[0.0, 0, 36, 32], [5, 7, 20, 15], [30, 1, 6, 30], [2, 3, 32, 32]])
    flipped = torch.tensor([False, True, False, True])
    got = crops.cut(values, box, size=32, flipped=flipped, turn=torch.zeros(4))
    for i, (left, top, width, height) in enumerate(box.int().tolist()):
        wanted = functional.resized_crop(values[i], top, left, height, width, [32, 32], antialias=False)
        torch.testing.assert_close(got[i], wanted.flip(-1) if flipped[i] else wanted, atol=1e-4, rtol=0)


def test_a_quarter_turn_is_a_rotation_of_the_pixels() -> None:
    values = images(1).float() / 255
    box = torch.tensor([[0.0, 0, 32, 32]])
    got = crops.cut(values, box, size=32, flipped=torch.tensor([False]), turn=torch.tensor([torch.pi / 2]))
    wanted = functional.rotate(values, -90)
    assert min(float((got - each).abs().max()) for each in (wanted, functional.rotate(values, 90))) < 1e-3


def test_boxes_are_spread_as_torchvisions() -> None:
    got = crops.boxes(4000, 32, 32, smallest=0.2, generator=generator())
    left, top, width, height = got.T
    assert (got[:, :2] >= 0).all()
    assert (left + width <= 32).all()
    assert (top + height <= 32).all()
    assert ((left + width == 32) & (width < 32)).any()  # the last place there is
    assert ((top + height == 32) & (height < 32)).any()
    torch.manual_seed(0)
    image = torch.zeros(3, 32, 32)
    drawn = [
        v2.RandomResizedCrop.make_params(v2.RandomResizedCrop(32, (0.2, 1.0)), [image]) for _ in range(4000)
    ]
    for values, name in ((left, "left"), (top, "top"), (width, "width"), (height, "height")):
        wanted = torch.tensor([float(each[name]) for each in drawn])
        assert float(values.mean()) == pytest.approx(float(wanted.mean()), abs=0.45), name
        assert float(values.std()) == pytest.approx(float(wanted.std()), abs=0.35), name


def test_an_image_too_narrow_for_any_box_is_cut_in_the_middle() -> None:
    box = crops.boxes(3, 100, 10, smallest=1.0, generator=generator())
    assert box.tolist() == [[0.0, 43.0, 10.0, 13.0]] * 3


def test_a_view_follows_from_the_generator() -> None:
    first = view(images(), PUBLISHED_CODE, generator=generator())
    assert first.shape == (6, 3, 32, 32)
    assert first.dtype == torch.float32
    assert torch.equal(first, view(images(), PUBLISHED_CODE, generator=generator()))
    assert not torch.equal(first, view(images(), PUBLISHED_CODE, generator=generator(1)))


def pixels(views: torch.Tensor) -> torch.Tensor:
    mean, deviation = (torch.tensor(each).view(1, 3, 1, 1) for each in (MEAN, DEVIATION))
    return views * deviation + mean


def test_each_distortion_occurs_with_its_probability() -> None:
    still = AugmentationConfig(smallest_crop=1.0, jitter_chance=0.0, grey_chance=0.0, flip_chance=0.0)
    square = images(1).repeat(600, 1, 1, 1)

    def moved(**settings) -> torch.Tensor:
        config = AugmentationConfig(**{**still.__dict__, **settings})
        return pixels(view(square, config, generator=generator()))

    base = moved()
    assert float((pixels(plain(square)) - base).abs().amax(dim=(1, 2, 3)).median()) < 0.8

    def share(changed: torch.Tensor) -> float:
        return float((changed - base).abs().amax(dim=(1, 2, 3)).gt(1e-3).float().mean())

    for settings, chance in (
        ({"grey_chance": 0.2}, 0.2),
        ({"jitter_chance": 0.8}, 0.8),
        ({"flip_chance": 0.5}, 0.5),
        ({"blur_chance": 0.5, "blur": (1.0, 2.0)}, 0.5),
    ):
        assert share(moved(**settings)) == pytest.approx(chance, abs=0.06), settings


def test_the_papers_text_blurs_and_turns_and_never_mirrors() -> None:
    assert (PAPER_TEXT.flip_chance, PAPER_TEXT.grey_chance) == (0, 0)
    assert PAPER_TEXT.blur_chance > 0
    assert PAPER_TEXT.rotation > 0
    assert torch.isfinite(view(images(), PAPER_TEXT, generator=generator())).all()


def test_images_that_are_no_bytes_or_too_small_are_refused() -> None:
    with pytest.raises(InputError, match=r"torch.float32 of shape \(6, 3, 32, 32\), expected bytes"):
        view(images().float(), PUBLISHED_CODE, generator=generator())
    with pytest.raises(InputError, match="32×16 pixels, fewer than the crop of 32×32"):
        view(images(2, 16, 32), PUBLISHED_CODE, generator=generator())
    with pytest.raises(InputError, match="40×32 pixels, expected 32×32"):
        plain(images(2, 32, 40))


def test_normalising_is_torchvisions() -> None:
    values = images().float() / 255
    torch.testing.assert_close(normalised(values), functional.normalize(values, list(MEAN), list(DEVIATION)))
