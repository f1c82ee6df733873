"""Both protocols of the linear probe, on features of known separability."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlatent.errors import InputError
from qlatent.training.core.checkpoint import Checkpoint
from qlatent.training.images import probe
from qlatent.training.images.configs import ProbeConfig
from qlatent.training.images.probe import Labelled, as_published, honest, split


def labelled(count: int = 120, *, seed: int = 0, mixed: float = 0.0) -> Labelled:
    """Plain colours of three classes (red, green, blue); a share `mixed` of the labels is random."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    images = np.zeros((count, 3, 32, 32), dtype=np.uint8)
    images[np.arange(count), labels] = rng.integers(150, 250, (count, 1, 1))
    wrong = rng.random(count) < mixed
    labels = np.where(wrong, rng.integers(0, 3, count), labels)
    return Labelled(torch.from_numpy(images), torch.from_numpy(labels))


def encode(images: torch.Tensor) -> torch.Tensor:
    return images.mean(dim=(2, 3))


QUICK = ProbeConfig(epochs=20, batch_size=16, learning_rate=0.05, stairs=(12, 16))


def test_both_protocols_separate_separable_classes() -> None:
    train, test = labelled(), labelled(60, seed=1)
    for found in (as_published(encode, train, test, QUICK), honest(encode, train, test, QUICK)):
        assert found.accuracy > 0.9
        assert found.confusion.shape == (3, 3)
        assert found.confusion.sum(axis=1).tolist() == torch.bincount(test.labels).tolist()
        assert found.accuracy == pytest.approx(np.trace(found.confusion) / 60)


def test_the_published_probe_reports_the_best_test_and_the_honest_one_the_only_test() -> None:
    train, test = labelled(mixed=0.6), labelled(40, seed=1, mixed=0.6)
    published = as_published(encode, train, test, QUICK)
    assert len(published.test) == 20
    assert published.accuracy == max(published.test) == published.test[published.epoch - 1]
    assert (
        published.accuracy > published.test[-1]
        or published.epoch == published.test.index(max(published.test)) + 1
    )
    frank = honest(encode, train, test, QUICK)
    assert frank.test == (frank.accuracy,)
    assert frank.epoch == 20
    assert len(frank.validation) == 20


def test_the_honest_probe_encodes_each_image_once_and_does_not_train_on_validation_rows() -> None:
    train, test = labelled(), labelled(60, seed=1)
    looks = []

    def counted(images: torch.Tensor) -> torch.Tensor:
        looks.append(len(images))
        return encode(images)

    wanted = honest(counted, train, test, QUICK)
    assert looks == [120, 60]
    _, kept = split(train.labels, QUICK)
    spoilt = train.images.clone()
    spoilt[kept] = 0
    got = honest(encode, Labelled(spoilt, train.labels), test, QUICK)
    assert np.array_equal(got.confusion, wanted.confusion)
    assert got.validation != wanted.validation


def test_results_follow_from_the_seed() -> None:
    train, test = labelled(mixed=0.5), labelled(60, seed=1)
    for protocol in (as_published, honest):
        assert protocol(encode, train, test, QUICK).test == protocol(encode, train, test, QUICK).test


def test_the_probe_resumes_from_any_epoch_to_the_same_result() -> None:
    train, test = labelled(mixed=0.5), labelled(60, seed=1)
    kept: list[Checkpoint] = []
    whole = as_published(encode, train, test, QUICK, keep=kept.append)
    assert [each.step for each in kept] == list(range(1, 21))
    for begin in (kept[0], kept[12], kept[19]):
        calls: list[tuple[int, int | None]] = []
        later = [begin]
        rest = as_published(
            encode, train, test, QUICK, begin=begin, keep=later.append,
            progress=lambda *state, calls=calls: calls.append(state),
        )  # fmt: skip
        assert (rest.test, rest.epoch) == (whole.test, whole.epoch)
        assert np.array_equal(rest.confusion, whole.confusion)
        assert calls == [(done, 160) for done in range(8 * begin.step, 160)]
        for name, wanted in kept[-1].model.items():
            assert torch.equal(later[-1].model[name], wanted), name


def test_the_learning_rate_falls_at_the_configured_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = []

    class Spy(probe.Adam):
        def step(self, *, rate: float) -> None:
            rates.append(rate)
            super().step(rate=rate)

    monkeypatch.setattr(probe, "Adam", Spy)
    config = ProbeConfig(epochs=5, batch_size=1000, learning_rate=1.0, stairs=(2, 4))
    as_published(encode, labelled(), labelled(), config)
    assert rates == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_validation_rows_are_a_share_of_each_class() -> None:
    labels = torch.tensor([0] * 20 + [1] * 10 + [2] * 2)
    learned, kept = split(labels, ProbeConfig(validation=0.1))
    assert torch.bincount(labels[kept]).tolist() == [2, 1, 1]
    assert sorted([*learned.tolist(), *kept.tolist()]) == list(range(32))


def test_validation_rows_are_whole_groups_and_no_class_is_lost() -> None:
    groups = np.repeat(np.arange(40), 3)
    labels = torch.from_numpy(
        np.where(groups < 38, groups % 2, groups - 36)
    )  # classes 2 and 3: one group each
    learned, kept = split(labels, ProbeConfig(validation=0.2), groups=groups)
    assert sorted([*learned.tolist(), *kept.tolist()]) == list(range(120))
    assert not set(groups[learned]) & set(groups[kept])
    assert set(labels[learned].tolist()) == {0, 1, 2, 3}
    assert 15 <= len(kept) <= 24
    plain = split(labels, ProbeConfig(validation=0.2))
    alone = split(labels, ProbeConfig(validation=0.2), groups=np.arange(120))
    assert all(torch.equal(one, other) for one, other in zip(plain, alone, strict=True))


def test_what_cannot_be_probed_is_refused() -> None:
    train = labelled()
    with pytest.raises(InputError, match="120 training images have 3 labels"):
        honest(encode, Labelled(train.images, train.labels[:3]), train)
    unseen = Labelled(train.images, train.labels + 1)
    with pytest.raises(InputError, match=r"classes that no training image has: \[3\]"):
        honest(encode, train, unseen)
    with pytest.raises(InputError, match="Class 1 has one training image"):
        split(torch.tensor([0, 0, 1]), ProbeConfig())
