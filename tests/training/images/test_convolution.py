"""Values and gradients of the dense convolution equal torch's."""

import copy

import pytest
import torch
from torch import nn

from qlatent.training.images.convolution import DenseConv2d, densify


def both(side: int, *, kernel: int, stride: int, padding: int) -> tuple[nn.Conv2d, nn.Conv2d, torch.Tensor]:
    torch.manual_seed(0)
    plain = nn.Conv2d(5, 7, kernel, stride=stride, padding=padding, bias=False).double()
    dense = copy.deepcopy(plain)
    densify(dense)
    assert type(dense) is DenseConv2d
    return plain, dense, torch.randn((4, 5, side, side), dtype=torch.float64)


@pytest.mark.parametrize("side", [1, 2, 3, 4, 8])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(3, 1, 1), (3, 2, 1), (1, 2, 0), (7, 2, 3), (5, 1, 2)]
)
def test_values_and_gradients_are_torchs(side: int, kernel: int, stride: int, padding: int) -> None:
    plain, dense, images = both(side, kernel=kernel, stride=stride, padding=padding)
    found = []
    for layer in (plain, dense):
        given = images.clone().requires_grad_()
        out = layer(given)
        (out * torch.arange(out.numel(), dtype=torch.float64).view(out.shape)).sum().backward()
        found.append((out.detach(), given.grad, layer.weight.grad))
    for expected, got in zip(*found, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(("side", "dense_products"), [(1, True), (2, True), (3, False)])
def test_only_where_every_output_sees_the_whole_image(
    side: int, dense_products: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dense, images = both(side, kernel=3, stride=1, padding=1)
    calls: list[int] = []
    monkeypatch.setattr(nn.Conv2d, "forward", lambda self, x: calls.append(1))
    dense(images)
    assert bool(calls) is not dense_products


def test_images_that_are_not_square_use_the_plain_convolution() -> None:
    plain, dense, _ = both(2, kernel=3, stride=1, padding=1)
    images = torch.randn((4, 5, 1, 2), dtype=torch.float64)
    torch.testing.assert_close(dense(images), plain(images))


def test_convolutions_of_another_kind_are_left_alone() -> None:
    layers = nn.Sequential(
        nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, groups=2, bias=False), nn.Conv2d(4, 4, (3, 1), bias=False),
        nn.Conv2d(4, 4, 3, dilation=2, bias=False), nn.Conv2d(4, 4, 3, padding="same", bias=False),
    )  # fmt: skip
    densify(layers)
    assert {type(layer) for layer in layers} == {nn.Conv2d}
