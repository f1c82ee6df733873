"""Noisy and augmented views of an item: definition, reproducibility and losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlatent.errors import InputError
from qlatent.objectives.configs import NTXentConfig
from qlatent.objectives.contrast import NTXent
from qlatent.training.core.configs import TrainingConfig
from qlatent.training.core.loop import batches_of
from qlatent.training.vectors import views
from tests.training.tiny_head import TinyHead


def vectors(rows: int = 4, width: int = 4096) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn((rows, width), generator=generator) * torch.tensor([1.0, 2.0, 3.0, 4.0])[:rows, None]


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("noise", "dropout"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.3), (1.0, 0.5)])
def test_the_angle_of_a_noisy_copy_follows_from_noise_and_dropout(noise: float, dropout: float) -> None:
    """cos = √(1 − p) / √(1 + σ²): noise adds σ² to the squared length, dropout takes p of everything."""
    x = vectors()
    copy = views.noisy(x, noise=noise, dropout=dropout, generator=generator())
    torch.testing.assert_close(copy.norm(dim=1), x.norm(dim=1))
    cosines = torch.nn.functional.cosine_similarity(x, copy)
    wanted = ((1 - dropout) / (1 + noise**2)) ** 0.5
    assert cosines.tolist() == pytest.approx([wanted] * 4, abs=0.03)
    assert float((copy == 0).float().mean()) == pytest.approx(dropout, abs=0.02)


def test_views_follow_from_their_place_alone() -> None:
    x = {"image": vectors(2, 8), "text": vectors(2, 8)}

    def drawn(*place: int) -> list[torch.Tensor]:
        return [each for view in views.pair(x, noise=0.5, dropout=0.1, place=place) for each in view.values()]

    first = drawn(0, 3, 1, 2)
    for i, one in enumerate(first):
        assert torch.equal(one, drawn(0, 3, 1, 2)[i])
        assert not any(torch.equal(one, other) for other in first[i + 1 :])
    for place in ((1, 3, 1, 2), (0, 4, 1, 2), (0, 3, 2, 2), (0, 3, 1, 3)):
        assert not torch.equal(first[0], drawn(*place)[0])


class Head(TinyHead):
    def project(self, latents):
        return {name: 2 * z + 1 for name, z in latents.items()}


def test_one_modality_is_compared_with_itself_through_the_projection() -> None:
    head, loss, x = Head(("text",)), NTXent(NTXentConfig()), vectors(4, 6)
    got = views.losses(head, loss, {"text": x}, place=(0, 3, 0, 0))
    one, two = views.pair({"text": x}, noise=0.3, dropout=0.1, place=(0, 3, 0, 0))
    z = np.concatenate([head.project(head.encode(each))["text"].detach().numpy() for each in (one, two)])
    z /= np.linalg.norm(z, axis=1, keepdims=True)
    table = np.exp(z @ z.T / 0.07)
    wanted = [-np.log(table[i, (i + 4) % 8] / (table[i].sum() - table[i, i])) for i in range(8)]
    assert set(got) == {"total"}
    assert got["total"].item() == pytest.approx(np.mean(wanted), rel=1e-4)


def test_two_modalities_are_each_others_view_unless_noise_is_asked_for() -> None:
    head, x = Head(), {"image": vectors(4, 6), "text": vectors(4, 6).flip(0)}
    place = (0, 3, 0, 0)
    latents = head.project(head.encode(x))
    for kind in ("auto", "pairs"):
        loss = NTXent(NTXentConfig(views=kind))
        assert torch.equal(views.losses(head, loss, x, place=place)["total"], loss.between(*latents.values()))
    got = views.losses(head, NTXent(NTXentConfig(views="noise")), x, place=place)
    assert set(got) == {"total", "image", "text"}
    assert got["total"].item() == pytest.approx((got["image"] + got["text"]).item() / 2)


def test_latents_that_are_known_are_not_computed_again() -> None:
    loss, x = NTXent(NTXentConfig()), {"image": vectors(4, 6), "text": vectors(4, 6).flip(0)}
    known = {"image": vectors(4, 3), "text": vectors(4, 3).flip(1)}
    got = views.losses(Head(), loss, x, place=(0,), latents=known)["total"]
    assert torch.equal(got, loss.between(*Head().project(known).values()))


def test_only_a_last_batch_that_is_too_small_for_the_loss_is_left_out() -> None:
    config = TrainingConfig(batch_size=8)
    assert [batches_of(rows, config) for rows in (1, 8, 9, 10, 16)] == [1, 1, 2, 2, 2]
    assert [batches_of(rows, config, fewest=2) for rows in (2, 8, 9, 10, 16)] == [1, 1, 1, 2, 2]
    with pytest.raises(InputError, match="1 rows in batches of 8; this loss compares rows and needs 2"):
        batches_of(1, config, fewest=2)


@pytest.mark.parametrize("there", [2, 3, 7])
def test_two_different_views_are_drawn_for_each_row_all_pairs_alike(there: int) -> None:
    rows = 600 * there * (there - 1)
    first, second = views.two_of(there, rows=rows, place=(0, 3, 1, 2))
    assert not (first == second).any()
    assert set(first.tolist()) == set(second.tolist()) == set(range(there))
    drawn = np.bincount(first * there + second, minlength=there**2).reshape(there, there)
    assert np.abs(drawn[~np.eye(there, dtype=bool)] - 600).max() < 120  # five deviations


def test_which_views_are_drawn_follows_from_their_place_alone() -> None:
    def drawn(*place: int) -> list[list[int]]:
        return [each.tolist() for each in views.two_of(4, rows=50, place=place)]

    assert drawn(0, 3, 1, 2) == drawn(0, 3, 1, 2)
    for place in ((1, 3, 1, 2), (0, 4, 1, 2), (0, 3, 2, 2), (0, 3, 1, 3)):
        assert drawn(*place) != drawn(0, 3, 1, 2)


def test_augmented_views_are_compared_as_they_are_given() -> None:
    head, loss, x = Head(("image",)), NTXent(NTXentConfig(views="augmented")), {"image": vectors(4, 6)}
    copies = {"image": vectors(4, 6).flip(1)}, {"image": vectors(4, 6).roll(1, 1)}
    got = views.losses(head, loss, x, place=(0,), copies=copies)["total"]
    one, two = (head.project(head.encode(each))["image"] for each in copies)
    assert torch.equal(got, loss.between(one, two))
    with pytest.raises(InputError, match=r"compares augmented views of images.*--views 4"):
        views.losses(head, loss, x, place=(0,))
