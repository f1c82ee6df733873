"""The network on images: its published parts and its training step."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from qlatent.errors import InputError
from qlatent.registry import HEADS, config_class, make_config, resolve
from qlatent.training.images.augmentation import plain, view
from qlatent.training.images.batches import as_batch
from qlatent.training.images.configs import PUBLISHED_CODE
from qlatent.training.images.network import ImageNetwork, ImageStep, resnet18


def network(name: str = "qssl", **settings) -> ImageNetwork:
    values = {"modalities": ("vector",), "input_dim": 512, **settings}
    head = resolve(HEADS[name].target)(make_config(config_class("head", name), values))
    return ImageNetwork(resnet18(seed=0), head)


def batch(count: int = 6, *, seed: int = 0) -> torch.Tensor:
    return torch.randn((count, 3, 32, 32), generator=torch.Generator().manual_seed(seed))


def test_the_backbone_is_resnet18_with_its_stem_and_without_its_classes() -> None:
    backbone = resnet18(seed=0)
    assert sum(p.numel() for p in backbone.parameters()) == 11_689_512 - 512 * 1000 - 1000
    assert backbone.conv1.kernel_size == (7, 7)
    assert backbone.conv1.stride == (2, 2)
    assert backbone(batch(2)).shape == (2, 512)
    assert backbone.conv1.weight.is_contiguous(memory_format=torch.channels_last)
    for layer in backbone.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.weight.numel() > 30_000:
            fan = layer.out_channels * math.prod(layer.kernel_size)
            assert layer.weight.std().item() == pytest.approx((2 / fan) ** 0.5, rel=0.03)
        if isinstance(layer, torch.nn.BatchNorm2d):
            assert (layer.weight == 1).all()
            assert (layer.bias == 0).all()


def test_the_seed_decides_the_backbone_and_nothing_else_is_touched() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    one, two, other = resnet18(seed=1), resnet18(seed=1), resnet18(seed=2)
    assert torch.equal(torch.rand(1), wanted)
    assert torch.equal(one.conv1.weight, two.conv1.weight)
    assert not torch.equal(one.conv1.weight, other.conv1.weight)


def test_a_step_is_that_of_torchs_adam_on_nt_xent() -> None:
    first, second = batch(), batch(seed=1)
    one, other = network(), network()
    got = ImageStep(one)(first, second)
    optimizer = torch.optim.Adam(other.parameters(), lr=1e-3, weight_decay=1e-6, fused=True)
    views = [other.train().project(other(x)) for x in (first, second)]
    z = torch.nn.functional.normalize(torch.cat(views), dim=1)
    logits = (z @ z.T / 0.07).fill_diagonal_(-torch.inf)
    loss = torch.nn.functional.cross_entropy(logits, torch.arange(12).roll(6))
    loss.backward()
    assert got == pytest.approx(loss.item(), rel=1e-5)
    for (name, mine), value in zip(one.named_parameters(), other.parameters(), strict=True):
        if "decoders" in name:
            assert mine.grad is value.grad is None
            continue
        torch.testing.assert_close(mine.grad, value.grad, atol=1e-4, rtol=0.01, msg=name)
        value.grad.copy_(mine.grad)  # Adam's first step is a sign: rounding would show in full
    optimizer.step()
    for mine, value in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, value)


def test_one_image_is_refused_and_representing_changes_nothing() -> None:
    made = network(qubits=3)
    with pytest.raises((InputError, ValueError), match=r"batch of one row|more than 1 value per channel"):
        ImageStep(made)(batch(1), batch(1))
    before = {name: value.clone() for name, value in made.state_dict().items()}
    z = made.train().represent(batch(3))
    assert made.training
    assert z.shape == (3, 3)
    assert all(torch.equal(before[name], value) for name, value in made.state_dict().items())


def test_the_loss_of_real_images_falls(shared_data) -> None:
    with np.load(shared_data / "cifar10-first5" / "cifar10_first5_jpeg.npz", allow_pickle=False) as file:
        data, offsets = file["data"], file["offsets"]
    rows = range(0, 25_000, 25_000 // 24)
    pictures = [Image.open(io.BytesIO(data[offsets[i] : offsets[i + 1]].tobytes())) for i in rows]
    images = as_batch(pictures)
    generator = torch.Generator().manual_seed(0)
    made = network()
    step = ImageStep(made)
    losses = []
    for _ in range(12):
        first, second = (view(images, PUBLISHED_CODE, generator=generator) for _ in range(2))
        losses.append(step(first, second))
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    assert torch.isfinite(made.represent(plain(images))).all()
