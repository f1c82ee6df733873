"""The loop on vectors: its events; stopping, killing and resuming do not change the results."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from qlatent.errors import InputError
from qlatent.heads.projection.configs import QBECConfig
from qlatent.heads.projection.heads import ProjectionHead
from qlatent.objectives.configs import NTXentConfig, RankingConfig
from qlatent.objectives.contrast import NTXent
from qlatent.objectives.ranking import Ranking
from qlatent.training.core import events
from qlatent.training.core.loop import learning_rate, snapshot_steps
from qlatent.training.core.rows import Labels, batch_order
from qlatent.training.vectors import views
from qlatent.training.vectors.data import from_arrays, from_items
from qlatent.training.vectors.loop import Trainer, train
from tests.training.tiny_head import TinyHead, arrays, data, objective, settings


def run(config=None, *, head=None, resume=None, should_stop=lambda: False, clock=lambda: 0.0):
    """All events of a run, and its head."""
    config = config or settings()
    head = head or TinyHead()
    trainer = Trainer(head, objective, data(config), config)
    if resume:
        trainer.restore(resume)
    return list(trainer.run(should_stop=should_stop, clock=clock)), head


def of(happened, kind):
    return [event for event in happened if isinstance(event, kind)]


def losses(happened):
    return [(event.step, event.losses) for event in of(happened, events.Step)]


def assert_same_weights(one, other):
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_losses_equal_a_training_loop_written_by_hand():
    config = settings(epochs=3, schedule="none")
    head, given = TinyHead(), data(config)
    optimizer = torch.optim.Adam(head.parameters(), lr=config.learning_rate, fused=True)
    wanted = []
    for epoch in range(3):
        order = batch_order(given.train_pairs, seed=0, epoch=epoch)
        for start in range(0, 40, 8):
            inputs = {m: torch.tensor(x[order[start : start + 8]]) for m, x in given.train.items()}
            latents = head.encode(inputs)
            loss = objective(inputs, latents, head.decode(latents))["total"]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            wanted.append(loss.item())
    happened, trained = run(config)
    assert [parts["total"] for _, parts in losses(happened)] == wanted
    assert_same_weights(trained, head)


def test_the_loss_falls_and_its_parts_are_logged_apart():
    happened, _ = run(settings(epochs=40))
    first, last = losses(happened)[0][1], losses(happened)[-1][1]
    assert set(first) == {"total", "reconstruction_image", "reconstruction_text"}
    assert first["total"] == pytest.approx(first["reconstruction_image"] + first["reconstruction_text"])
    assert last["total"] < 0.8 * first["total"]


def test_checkpoints_follow_the_events_of_their_step():
    happened, _ = run()
    assert isinstance(happened[0], events.Start)
    assert isinstance(happened[-1], events.Finish)
    assert (happened[0].step, happened[0].steps, happened[0].train_pairs) == (0, 30, 40)
    rank = [
        events.Start,
        events.Step,
        events.Evaluation,
        events.Snapshot,
        events.CheckpointDue,
        events.Finish,
    ]
    for _, group in itertools.groupby(happened, key=lambda event: event.step):
        order = [rank.index(type(event)) for event in group]
        assert order == sorted(order)


@pytest.mark.parametrize("stop_at", [0, 1, 7, 29])
def test_a_stopped_and_resumed_run_equals_an_unbroken_one_bit_for_bit(stop_at):
    whole, wanted = run()
    asked = itertools.count()
    first, _ = run(should_stop=lambda: next(asked) == stop_at)
    assert isinstance(first[-1], events.Stop)
    assert first[-1].step == stop_at
    assert isinstance(first[-2], events.CheckpointDue)
    second, got = run(head=TinyHead(seed=99), resume=first[-2].checkpoint)
    assert losses(first) + losses(second) == losses(whole)
    assert_same_weights(got, wanted)
    final = {event.step: event.latents for event in of(second, events.Snapshot)}
    for event in of(whole, events.Snapshot):
        if event.step in final:
            np.testing.assert_array_equal(final[event.step]["text"], event.latents["text"])


def test_resuming_needs_the_optimizer_state_too():
    """Without Adam's state the losses differ; otherwise the test above would prove nothing."""
    whole, _ = run()
    first, _ = run(settings(checkpoint_every=10))
    checkpoint = of(first, events.CheckpointDue)[0].checkpoint
    zeros = {name: torch.zeros_like(value) for name, value in checkpoint.optimizer.items()}
    bare = type(checkpoint)(checkpoint.step, checkpoint.model, zeros)
    second, _ = run(resume=bare)
    assert losses(second)[0] == losses(whole)[10]
    assert losses(second)[-1] != losses(whole)[-1]


def test_a_finished_run_resumes_to_its_end_without_a_step():
    whole, _ = run()
    again, _ = run(resume=of(whole, events.CheckpointDue)[-1].checkpoint)
    assert losses(again) == []
    assert isinstance(again[-1], events.Finish)


def test_a_checkpoint_of_a_longer_run_is_refused():
    whole, _ = run()
    with pytest.raises(InputError, match="after step 30, but this run has 10 steps"):
        run(settings(epochs=2), resume=of(whole, events.CheckpointDue)[-1].checkpoint)


def test_later_steps_do_not_change_a_checkpoint_already_taken():
    trainer = Trainer(TinyHead(), objective, data(), settings())
    before = trainer.checkpoint()
    for _ in trainer.run(clock=lambda: 0.0):
        pass
    first = TinyHead().state_dict()
    assert all(torch.equal(first[name], value) for name, value in before.model.items())
    assert not any(value.any() for value in before.optimizer.values())
    assert any(value.any() for value in trainer.checkpoint().optimizer.values())


def test_checkpoints_come_every_so_many_steps_and_at_the_end():
    happened, _ = run(settings(checkpoint_every=12))
    assert [event.step for event in of(happened, events.CheckpointDue)] == [12, 24, 30]


def test_slow_steps_are_checkpointed_by_the_clock_without_any_other_effect():
    ticks = itertools.count(step=4)  # every look at the clock finds four seconds gone
    slow, slow_head = run(clock=lambda: float(next(ticks)))
    fast, fast_head = run()
    assert len(of(slow, events.CheckpointDue)) > len(of(fast, events.CheckpointDue)) == 1
    assert losses(slow) == losses(fast)
    assert_same_weights(slow_head, fast_head)


def test_snapshots_start_before_training_and_end_with_the_last_step():
    happened, head = run()
    snapshots = of(happened, events.Snapshot)
    assert [event.step for event in snapshots] == snapshot_steps(30, count=5)
    probe = data().probe
    with torch.no_grad():
        before = TinyHead().encode({"image": torch.tensor(probe["image"])})["image"].numpy()
        after = head.encode({"image": torch.tensor(probe["image"])})["image"].numpy()
    np.testing.assert_allclose(snapshots[0].latents["image"], before, rtol=1e-6)
    np.testing.assert_allclose(snapshots[-1].latents["image"], after, rtol=1e-6)
    assert snapshots[0].latents["image"].dtype == np.float32


def test_heldout_rows_are_evaluated_before_training_and_after_each_epoch():
    happened, head = run()
    evaluations = of(happened, events.Evaluation)
    assert [(event.step, event.epoch) for event in evaluations] == [(5 * epoch, epoch) for epoch in range(7)]
    inputs = {name: torch.tensor(array) for name, array in data().heldout.items()}
    with torch.no_grad():
        latents = head.encode(inputs)
        wanted = objective(inputs, latents, head.decode(latents))
        gap, after = ((a["image"] - a["text"]).norm(dim=1) for a in (inputs, latents))
    got = evaluations[-1].metrics
    assert got["total"] == pytest.approx(float(wanted["total"]), rel=1e-5)
    assert got["pair_error"] == pytest.approx(float((gap - after).abs().mean()), rel=1e-5)


def test_long_runs_are_evaluated_at_most_a_hundred_times_and_at_the_end():
    happened, _ = run(settings(epochs=250, batch_size=40))
    steps = [event.step for event in of(happened, events.Evaluation)]
    assert len(steps) <= 102
    assert steps[-1] == 250


def test_without_heldout_rows_nothing_is_evaluated():
    assert of(run(settings(heldout=0.0))[0], events.Evaluation) == []


def test_evaluation_in_chunks_is_the_mean_over_the_rows(monkeypatch):
    trainer = Trainer(TinyHead(), objective, data(), settings())
    whole, latents = trainer.evaluate(arrays()), trainer.latents(arrays())
    monkeypatch.setattr("qlatent.training.vectors.loop.CHUNK", 7)
    assert trainer.evaluate(arrays()) == pytest.approx(whole, rel=1e-5)
    np.testing.assert_allclose(trainer.latents(arrays())["text"], latents["text"], atol=1e-6)


def test_one_modality_trains_alone():
    config = settings()
    given = from_arrays({"text": arrays()["text"]}, config)
    happened = list(train(TinyHead(("text",)), objective, given, config))
    assert set(losses(happened)[0][1]) == {"total", "reconstruction_text"}
    assert "pair_error" not in of(happened, events.Evaluation)[0].metrics


def test_an_incomplete_last_batch_is_trained_on():
    happened, _ = run(settings(batch_size=16, epochs=2))
    assert happened[0].steps == 6


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"schedule": "none"}, [1.0] * 5),
        ({"schedule": "step", "step_every": 2, "step_factor": 0.1}, [1.0, 1.0, 0.1, 0.1, 0.01]),
        ({"schedule": "cosine", "epochs": 4}, [1.0, 0.5 + 0.5**1.5, 0.5, 0.5 - 0.5**1.5, 0.0]),
    ],
)
def test_schedules_follow_their_closed_forms(values, wanted):
    config = settings(learning_rate=1.0, **values)
    assert [learning_rate(config, 3 * epoch, batches=3) for epoch in range(5)] == pytest.approx(wanted)


def test_snapshot_steps_are_as_many_as_wanted_and_log_spaced():
    steps = snapshot_steps(1200, count=40)
    assert len(steps) == 40
    assert (steps[0], steps[-1]) == (0, 1200)
    assert steps == sorted(set(steps))
    gaps = np.diff(steps)
    assert gaps[0] == 1
    assert gaps[-1] > 100
    assert (np.diff(gaps) >= -1).all()


@pytest.mark.parametrize("steps", [1, 2, 5, 39, 40, 41])
def test_short_runs_are_recorded_whole(steps):
    got = snapshot_steps(steps, count=40)
    assert len(got) == min(40, steps + 1)
    assert {0, steps} <= set(got)


class Projected(TinyHead):
    def project(self, latents):
        return latents


def with_views(*, count=3, rows=50):
    """A training on augmented views of 50 images: a trainer for a fresh head."""
    given = {"image": arrays(rows)["image"]}
    noise = np.random.default_rng(5).normal(size=(rows, count, given["image"].shape[1]))
    seen = {"image": (given["image"][:, None] + 0.5 * noise).astype(np.float32)}
    names = np.array([str(row) for row in range(rows)])
    blank = np.full(rows, "", dtype="U1")
    return from_items(given, Labels(names, blank, blank), settings(), views=seen), seen["image"]


def augmented_run(*, head=None, resume=None, should_stop=lambda: False):
    head = head or Projected(("image",))
    trainer = Trainer(head, NTXent(NTXentConfig(views="augmented")), with_views()[0], settings())
    if resume:
        trainer.restore(resume)
    return list(trainer.run(should_stop=should_stop, clock=lambda: 0.0)), head


@pytest.mark.parametrize("stop_at", [1, 13])
def test_a_resumed_run_on_augmented_views_equals_an_unbroken_one_bit_for_bit(stop_at):
    whole, wanted = augmented_run()
    asked = itertools.count()
    first, _ = augmented_run(should_stop=lambda: next(asked) == stop_at)
    second, got = augmented_run(head=Projected(("image",), seed=99), resume=first[-2].checkpoint)
    assert losses(first) + losses(second) == losses(whole)
    assert_same_weights(got, wanted)


def test_augmented_views_of_a_batch_are_those_of_its_rows_and_judging_takes_the_first_two():
    happened, _ = augmented_run()
    given, raw = with_views()
    seen = raw / np.linalg.norm(raw, axis=2, keepdims=True)
    head, loss = Projected(("image",)), NTXent(NTXentConfig())
    rows = given.train_rows[batch_order(given.train_pairs, seed=0, epoch=0)[:8]]
    pair = (seen[rows, each] for each in views.two_of(3, rows=8, place=(0, views.TRAINING, 0, 0)))
    one, two = (head.encode({"image": torch.tensor(each)})["image"] for each in pair)
    assert losses(happened)[0][1]["total"] == pytest.approx(loss.between(one, two).item(), rel=1e-6)
    held = seen[given.heldout_rows]
    parts = [held[:8], held[8:]]
    by_part = [
        loss.between(
            *(head.encode({"image": torch.tensor(part[:, each])})["image"] for each in (0, 1))
        ).item()
        for part in parts
    ]
    wanted = np.average(by_part, weights=[len(part) for part in parts])
    assert of(happened, events.Evaluation)[0].metrics["total"] == pytest.approx(wanted, rel=1e-6)
    assert losses(happened)[-1][1]["total"] < losses(happened)[0][1]["total"]


def ranked(*, head=None, resume=None, should_stop=lambda: False, **loss):
    """A QBEC head of image–text pairs that ranks, and the trainer after its run."""
    config = settings(epochs=4)
    head = head or ProjectionHead(QBECConfig(input_dim=arrays()["image"].shape[1], qubits=3))
    trainer = Trainer(head, Ranking(RankingConfig(**loss)), data(config), config)
    if resume:
        trainer.restore(resume)
    return list(trainer.run(should_stop=should_stop, clock=lambda: 0.0)), trainer


def test_the_scale_of_similarities_is_learned_beside_the_head_and_resumed_with_it():
    whole, trained = ranked()
    scale = trained.learner.own.exp().item()
    assert scale != pytest.approx(200 / 3, rel=1e-3)  # κ / k, where it began
    asked = itertools.count()
    first, _ = ranked(should_stop=lambda: next(asked) >= 7)
    other = ProjectionHead(QBECConfig(input_dim=arrays()["image"].shape[1], qubits=3, seed=9))
    second, again = ranked(head=other, resume=of(first, events.CheckpointDue)[-1].checkpoint)
    assert losses(first) + losses(second) == losses(whole)
    assert again.learner.own.exp().item() == scale
    assert_same_weights(again.head, trained.head)


@pytest.mark.parametrize("loss", [{"learn_scale": False}, {"logits": "fidelity"}])
def test_a_constant_scale_stays(loss):
    happened, trained = ranked(**loss)
    assert trained.learner is trained.head
    assert set(losses(happened)[0][1]) == {"total", "text_of_image", "image_of_text"}


def test_many_held_out_rows_are_evaluated_by_a_sample_while_training(monkeypatch):
    config = settings(epochs=1)
    trainer = Trainer(TinyHead(), objective, data(config), config)
    held = trainer.data.heldout
    monkeypatch.setattr("qlatent.training.vectors.loop.JUDGED", 4)
    (first, *_) = of(list(trainer.due()), events.Evaluation)
    taken = np.linspace(0, len(held["image"]) - 1, 4).round().astype(int)
    assert first.metrics == trainer.evaluate({name: array[taken] for name, array in held.items()})
    assert first.metrics != trainer.evaluate(held)
