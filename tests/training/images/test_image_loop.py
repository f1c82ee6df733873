"""The loop on images: events, resumed runs equal to unbroken ones, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from qlatent.errors import InputError
from qlatent.registry import HEADS, head_class, make_config, resolve
from qlatent.training.core import events
from qlatent.training.core.configs import split_settings
from qlatent.training.core.rows import Labels
from qlatent.training.images import events as image_events
from qlatent.training.images.augmentation import as_bytes, plain
from qlatent.training.images.configs import PAPER_TEXT, PUBLISHED_CODE, ImageTrainingConfig
from qlatent.training.images.data import ImageData, from_images
from qlatent.training.images.loop import ImageTrainer

pytestmark = pytest.mark.usefixtures("narrow_backbone")

SETTINGS = {"steps": 5, "batch_size": 4, "size": 8, "probe_steps": (2, 5), "snapshots": 3, "probe_size": 6}


def pictures(count: int = 20, *, seed: int = 0, size: int = 8) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), generator=generator, dtype=torch.uint8)


def labels(count: int = 20, *, classes: int = 2, split: bool = True) -> Labels:
    parts = ["test" if split and number % 4 == 0 else "train" if split else "" for number in range(count)]
    names = [f"class {number // 4 % classes}" if classes else "" for number in range(count)]
    return Labels(np.array([f"c{n}" for n in range(count)]), np.array(parts), np.array(names))


def data(config: ImageTrainingConfig, **changes: Any) -> ImageData:
    return from_images(pictures(), labels(**changes), range(20), config)


def trainer(head: str = "qssl", *, given: dict[str, Any] | None = None, **settings: Any) -> ImageTrainer:
    values = {**SETTINGS, "qubits": 3, "modalities": ("image",), "input_dim": 512, **settings}
    configs = split_settings(head, "ntxent", values, training=ImageTrainingConfig)
    objective = resolve("qlatent.objectives.contrast:NTXent")(configs.objective)
    made = resolve(HEADS[head].target)(configs.head)
    return ImageTrainer(made, objective, data(configs.training, **(given or {})), configs.training)


def losses(found: list[events.Event]) -> list[float]:
    return [each.losses["total"] for each in found if isinstance(each, events.Step)]


def test_events_come_at_their_steps() -> None:
    found = list(trainer().run())
    assert [type(each).__name__ for each in found] == [
        "Start", "Views", "Snapshot", "Step", "Views", "Snapshot", "Step", "Evaluation", "Probed", "Step", "Step",
        "Step", "Views", "Snapshot", "Evaluation", "Probed", "CheckpointDue", "Finish",
    ]  # fmt: skip
    start = found[0]
    assert isinstance(start, events.Start)
    assert (start.steps, start.epochs, start.train_pairs, start.heldout_pairs, start.probe) == (
        5,
        2,
        15,
        5,
        6,
    )
    probed = [each for each in found if isinstance(each, image_events.Probed)]
    assert [each.step for each in probed] == [2, 5]
    assert probed[0].result.confusion.sum() == 5


@pytest.mark.parametrize("settings", [{}, {"shots": 8, "shots_in": "always"}])
def test_a_resumed_run_equals_an_unbroken_one_bit_for_bit(settings: dict[str, Any]) -> None:
    whole = trainer(**settings)
    expected = losses(list(whole.run()))
    first = trainer(**settings)
    begun = list(first.run(should_stop=lambda: first.step == 2))
    assert isinstance(begun[-1], events.Stop)
    stopped = begun[-2]
    assert isinstance(stopped, events.CheckpointDue)
    second = trainer(**settings)
    second.restore(stopped.checkpoint)
    assert losses(begun) + losses(list(second.run())) == expected
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name


def test_the_seed_decides_weights_and_views() -> None:
    one, same, other = (losses(list(trainer(seed=seed, split_seed=0).run())) for seed in (0, 0, 1))
    assert one == same
    assert one != other


def test_the_views_that_are_watched_stay_the_same() -> None:
    made = trainer()
    before = made.watched_views()
    list(made.run())
    for one, other in zip(before, made.watched_views(), strict=True):
        assert torch.equal(one, other)
    assert set(made.watched[: sum(made.data.probe_heldout)]) <= set(made.data.heldout)


def test_states_are_those_of_the_circuit_at_the_latents() -> None:
    found = next(each for each in trainer().run() if isinstance(each, image_events.Views))
    assert found.states is not None
    for latents, states in zip(found.latents, found.states, strict=True):
        chances = np.abs(states).reshape(-1, 2, 2, 2) ** 2  # (m, wire 0, wire 1, wire 2)
        signed = [chances.sum(axis=tuple(w for w in (1, 2, 3) if w != wire)) for wire in (1, 2, 3)]
        expected = np.stack([each[:, 0] - each[:, 1] for each in signed], axis=1)
        np.testing.assert_allclose(latents, expected, atol=1e-5)
    assert (
        next(each for each in trainer("qssl_twin").run() if isinstance(each, image_events.Views)).states
        is None
    )


@pytest.mark.parametrize("given", [{"classes": 0}, {"classes": 1}])
def test_without_two_classes_there_is_no_probe(given: dict[str, Any]) -> None:
    assert not [each for each in trainer(given=given).run() if isinstance(each, image_events.Probed)]


def test_an_incomplete_last_batch_is_left_out() -> None:
    made = trainer()
    assert made.batches == 3  # 15 training images, 4 a batch


def test_fewer_images_than_a_batch_are_refused() -> None:
    with pytest.raises(
        InputError, match=r"Got 15 training and 5 held-out images; a batch needs 16. Set batch_size to 15"
    ):
        data(ImageTrainingConfig(size=8, batch_size=16))


def test_equal_images_count_once_by_default() -> None:
    twice = Labels(
        np.array(["a", "a", *"bcdefghi"]), np.array(["train"] * 8 + ["test"] * 2), np.array([""] * 10)
    )
    images = pictures(10)
    unique = from_images(images, twice, range(10, 20), ImageTrainingConfig(size=8, batch_size=2))
    assert unique.left_out == {"same content as an earlier row": 1}
    assert unique.rows.tolist() == [10, *range(12, 20)]
    every = from_images(
        images, twice, range(10), ImageTrainingConfig(size=8, batch_size=2, unique_pairs=False)
    )
    assert len(every.images) == 10


def test_the_input_space_beside_the_map_is_the_mean_pixel_of_an_eighth() -> None:
    images = pictures(12, size=16)
    config = ImageTrainingConfig(size=16, batch_size=2, probe_size=12)
    found = from_images(images, labels(12), range(12), config).probe["image"]
    expected = images.numpy().reshape(12, 3, 8, 2, 8, 2).mean(axis=(3, 5)).reshape(12, 192) / 255
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_bytes_come_back_from_normalised_images() -> None:
    images = pictures(4)
    assert torch.equal(as_bytes(plain(images, size=8)), images)


def test_probes_are_spread_evenly_unless_steps_are_named() -> None:
    assert ImageTrainingConfig(steps=176, probes=4).probed_at == (44, 88, 132, 176)
    assert ImageTrainingConfig(steps=176, probes=0).probed_at == ()
    assert ImageTrainingConfig(steps=3, probes=5).probed_at == (1, 2, 3)
    assert ImageTrainingConfig(steps=50, probe_steps=(40, 92, 0)).probed_at == (0, 40)


def test_the_augmentation_is_the_codes_unless_the_papers_is_asked_for() -> None:
    assert ImageTrainingConfig().views == PUBLISHED_CODE
    paper = ImageTrainingConfig(augmentation="paper", size=64).views
    assert (paper.rotation, paper.blur_chance, paper.size) == (
        PAPER_TEXT.rotation,
        PAPER_TEXT.blur_chance,
        64,
    )


def test_heads_that_can_be_trained_from_images_have_a_projection() -> None:
    for name in HEADS:
        config = head_class(name)
        marked = config.from_images
        made = resolve(HEADS[name].target)(make_config(config, {"modalities": ("image",), "input_dim": 512}))
        assert marked == hasattr(made, "projections"), name
