"""Training keys are equal for identical trainings, whatever their origin."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qlatent.services.runs.specs import RetrievalTraining, TrainSpec, read_training
from qlatent.services.training.kinds.base import documented
from qlatent.services.training.training_key import training_key
from qlatent.training.core.configs import split_settings
from qlatent.training.retrieval.configs import RetrievalTrainingConfig
from tests.services.made_runs import training

OTHER: dict[str, dict[str, Any]] = {
    "dataset": {"dataset": "others"},
    "dataset_version": {"dataset_version": 2},
    "source": {"source": "images", "content": "c0ffee"},
    "encoder": {"encoder": "clip"},
    "modalities": {"modalities": ["text"]},
    "head": {"head": "acqua_separable"},
    "weights": {"weights": "h1"},
    "objective": {"objective": "stress"},
}


def document(spec: TrainSpec | None = None) -> dict[str, Any]:
    """A copy of a spec's document that may be changed."""
    found: dict[str, Any] = json.loads(json.dumps((spec or training()).document()))
    return found


def key(changed: dict[str, Any]) -> str:
    return training_key(read_training(changed))


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "r2"}, {"name": "Another"}, {"created": 5.0}, {"threads": 8}, {"device": "cuda"}, {"panel": True},
        {"keep": False}, {"part_of": "a table"}, {"settings": {"qubits": 2}},
    ],
    ids=lambda changes: next(iter(changes)),
)  # fmt: skip
def test_the_origin_of_a_run_does_not_change_the_key(changes: dict[str, Any]) -> None:
    assert key(document() | changes) == training_key(training())


@pytest.mark.parametrize("changes", OTHER.values(), ids=list(OTHER))
def test_data_and_objective_change_the_key(changes: dict[str, Any]) -> None:
    assert key(document() | changes) != training_key(training())


def test_other_judgements_are_another_training() -> None:
    one, other = (document() | {"source": "retrieval", "judgements": name} for name in ("j1", "j2"))
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("part", "setting", "value"),
    [("head", "depth", 2), ("objective", "alpha_distance", 0.5), ("training", "seed", 7)],
)
def test_every_setting_changes_the_key(part: str, setting: str, value: Any) -> None:
    other = document()
    assert other["configs"][part][setting] != value
    other["configs"][part][setting] = value
    assert key(other) != training_key(training())


def test_a_run_from_before_a_setting_existed_is_still_the_same_training() -> None:
    older = document()
    del older["configs"]["training"]["weight_decay"]
    assert key(older) == training_key(training())
    older["configs"]["training"]["epochs"] += 1
    assert key(older) != training_key(training())


def test_settings_that_this_version_cannot_read_count_as_they_are() -> None:
    unknown = document()
    unknown["configs"]["training"]["epocks"] = 3
    other = document()
    other["configs"]["training"]["epocks"] = 4
    assert key(unknown) == key(json.loads(json.dumps(unknown)) | {"id": "r2"})
    assert len({key(unknown), key(other), training_key(training())}) == 3


def test_a_run_that_says_learn_scale_where_it_stood_before_is_the_same() -> None:
    configs = split_settings("qbec", "ranking", {"input_dim": 512}, training=RetrievalTrainingConfig)
    spec = RetrievalTraining(
        **{
            name: value
            for name, value in training(head="qbec", objective="ranking", configs=documented(configs))
            if name != "source"
        }
    )
    older = document(spec)
    older["configs"]["training"]["learn_scale"] = older["configs"]["objective"].pop("learn_scale")
    assert key(older) == training_key(spec)
    older["configs"]["training"]["learn_scale"] = False
    assert key(older) != training_key(spec)
