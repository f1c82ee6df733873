"""Checkpoints on disk are exact; damaged ones are refused."""

from __future__ import annotations

import json

import pytest
import torch

from qlatent.errors import StoreError
from qlatent.training.core import checkpoint, events
from qlatent.training.vectors.loop import Trainer
from tests.training.tiny_head import TinyHead, data, objective, settings


@pytest.fixture
def taken():
    trainer = Trainer(TinyHead(), objective, data(), settings())
    return next(e for e in trainer.run(clock=lambda: 0.0) if isinstance(e, events.CheckpointDue)).checkpoint


def test_a_loaded_checkpoint_equals_the_saved_one_bit_for_bit(taken, tmp_path):
    checkpoint.save(taken, tmp_path)
    got = checkpoint.load(tmp_path)
    assert got.step == taken.step
    for wanted, loaded in ((taken.model, got.model), (taken.optimizer, got.optimizer)):
        assert set(wanted) == set(loaded)
        assert all(torch.equal(wanted[name], loaded[name]) for name in wanted)
    assert {name.partition(".")[2] for name in got.optimizer} == {"step", "exp_avg", "exp_avg_sq"}


def test_a_loaded_checkpoint_is_put_into_model_and_optimizer(taken, tmp_path):
    checkpoint.save(taken, tmp_path)
    trainer = Trainer(TinyHead(seed=5), objective, data(), settings())
    trainer.restore(checkpoint.load(tmp_path))
    again = trainer.checkpoint()
    assert again.step == taken.step
    assert all(torch.equal(again.optimizer[name], value) for name, value in taken.optimizer.items())


def test_only_plain_files_are_written(taken, tmp_path):
    checkpoint.save(taken, tmp_path)
    names = {"model.safetensors", "optimizer.safetensors", "state.json"}
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_checkpoint_is_refused(taken, tmp_path, name, damage):
    checkpoint.save(taken, tmp_path)
    path = tmp_path / name
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:10])
    else:
        path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        checkpoint.load(tmp_path)


def test_a_checkpoint_of_a_newer_format_is_refused(taken, tmp_path):
    checkpoint.save(taken, tmp_path)
    path = tmp_path / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(StoreError, match="format 2"):
        checkpoint.load(tmp_path)
