"""The contract of every objective in the registry, with every compatible head."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from qlatent.registry import HEADS, OBJECTIVES, config_class, head_class, resolve
from qlatent.training.core import events
from qlatent.training.core.configs import split_settings
from qlatent.training.vectors import data
from qlatent.training.vectors.loop import Trainer

objectives = pytest.mark.parametrize("objective", OBJECTIVES)


def trainer(head: str, objective: str, **settings) -> Trainer:
    rng = np.random.default_rng(0)
    image = rng.normal(size=(24, 10)).astype(np.float32)
    arrays = {"image": image, "text": (image + 0.3 * rng.normal(size=image.shape)).astype(np.float32)}
    known = {"input_dim": 10, "epochs": 2, "batch_size": 9, "snapshots": 2, "learning_rate": 0.01, **settings}
    if head_class(head).width_key():
        known.setdefault("qubits", 4)
    configs = split_settings(head, objective, known)
    used = {name: arrays[name] for name in configs.head.modalities}
    made = resolve(HEADS[head].target)(configs.head)
    goal = resolve(OBJECTIVES[objective].target)(configs.objective)
    return Trainer(made, goal, data.from_arrays(used, configs.training), configs.training)


@objectives
@pytest.mark.parametrize("head", HEADS)
def test_any_head_trains_with_it_at_finite_losses(head: str, objective: str) -> None:
    made = trainer(head, objective)
    happened = list(made.run())
    steps = [each for each in happened if isinstance(each, events.Step)]
    assert bool(steps) == (not made.head.config.closed_form)
    assert all(math.isfinite(value) for step in steps for value in step.losses.values())
    judged = [each.metrics for each in happened if isinstance(each, events.Evaluation)]
    assert judged and all(math.isfinite(value) for metrics in judged for value in metrics.values())


@objectives
def test_it_decreases_during_training(objective: str) -> None:
    made = trainer("acqua_linear", objective, epochs=40, qubits=4)
    rows = made.data.train
    before = made.evaluate(rows)["total"]
    for _ in made.run():
        pass
    assert made.evaluate(rows)["total"] < before


@objectives
def test_one_modality_trains_where_no_pairs_are_needed(objective: str) -> None:
    if config_class("objective", objective)().needs_pairs:
        pytest.skip("needs image and text; the plan refuses it")
    made = trainer("acqua_linear", objective, modalities=("text",))
    assert all(math.isfinite(e.losses["total"]) for e in made.run() if isinstance(e, events.Step))


@objectives
@pytest.mark.parametrize("modalities", [("image", "text"), ("text",)])
def test_the_parts_of_the_items_average_to_the_loss(objective: str, modalities: tuple[str, ...]) -> None:
    if len(modalities) == 1 and config_class("objective", objective)().needs_pairs | (objective == "ranking"):
        pytest.skip("needs image and text; the plan refuses it")
    made = trainer("acqua_linear", objective, modalities=modalities)
    rows = made.data.train  # in batches of 9, and a smaller last one
    found = made.shares(rows, made.latents(rows))
    assert (found is not None) == made.objective.config.has_shares
    if found is not None:
        assert len(found) == made.data.train_pairs and found.std() > 0
        assert found.mean() == pytest.approx(made.evaluate(rows)["total"], rel=1e-5)


def test_the_part_of_an_item_is_its_own_error() -> None:
    made = trainer("acqua_linear", "acqua", batch_size=64)
    rows = made.data.train
    latents = made.latents(rows)
    rebuilt = made.head.decode({name: torch.from_numpy(each) for name, each in latents.items()})
    errors = [np.abs(rows[name] - rebuilt[name].detach().numpy()).sum(axis=1) for name in rows]
    d_x, d_z = (np.linalg.norm(each["image"] - each["text"], axis=1) for each in (rows, latents))
    expected = (errors[0] + errors[1] + np.abs(d_x - d_z)) / 3
    np.testing.assert_allclose(made.shares(rows, latents), expected, rtol=1e-5)


def test_the_part_of_an_item_in_a_contrast_is_that_of_its_two_views() -> None:
    made = trainer("acqua_linear", "ntxent", batch_size=64, temperature=0.5)
    rows = made.data.train
    latents = made.latents(rows)
    views = np.concatenate([each / np.linalg.norm(each, axis=1, keepdims=True) for each in latents.values()])
    likeness, n = views @ views.T / 0.5, len(views) // 2
    lost = [
        np.log(np.exp(np.delete(likeness[i], i)).sum()) - likeness[i, (i + n) % (2 * n)] for i in range(2 * n)
    ]
    expected = (np.array(lost[:n]) + np.array(lost[n:])) / 2
    np.testing.assert_allclose(made.shares(rows, latents), expected, rtol=1e-4)
