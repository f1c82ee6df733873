"""The contract of every kind of training; each kind of run has a spec and a worker."""

from __future__ import annotations

import time
from typing import get_args

import pytest

from qlatent import registry
from qlatent.errors import ConfigError
from qlatent.services import work
from qlatent.services.runs import specs
from qlatent.services.runs.specs import RunSpec, Source, TrainSpec
from qlatent.services.training.kinds import table
from qlatent.services.training.kinds.base import TrainingKind, documented
from qlatent.training.core.configs import RunConfigs, split_settings

kinds = pytest.mark.parametrize("kind", table.KINDS.values(), ids=list(table.KINDS))


def usual(kind: TrainingKind) -> RunConfigs:
    """The configs of the kind's default head and objective."""
    head, objective = kind.usual
    return split_settings(head, objective, {"input_dim": 512}, training=kind.config)


def spec_of(kind: TrainingKind) -> TrainSpec:
    """A spec made by the kind."""
    head, objective = kind.usual
    document = {
        "format": specs.FORMAT, "kind": "train", "source": kind.source, "id": "r1", "name": "a run",
        "created": time.time(), "dataset": "pairs", "dataset_version": 1, "encoder": "", "modalities": ["text"],
        "head": head, "objective": objective, "settings": {}, "configs": documented(usual(kind)).model_dump(),
    }  # fmt: skip
    own = {"content": "c0ffee"} if kind.source == "images" else {}
    return specs.read_training({**document, **own})


def test_there_is_a_kind_for_every_source() -> None:
    assert set(table.KINDS) == set(get_args(Source))
    assert all(source == kind.source for source, kind in table.KINDS.items())


@kinds
def test_its_usual_head_and_objective_are_registered_and_fit_its_config(kind: TrainingKind) -> None:
    head, objective = kind.usual
    assert head in registry.HEADS
    assert objective in registry.OBJECTIVES
    assert isinstance(usual(kind).training, kind.config)


@kinds
def test_a_spec_is_read_back_with_the_configs_it_was_made_of(kind: TrainingKind) -> None:
    spec = spec_of(kind)
    assert specs.read(spec.document()) == spec
    assert table.kind_of(spec) is kind
    assert table.run_configs(spec) == usual(kind)


@kinds
def test_a_setting_that_its_config_does_not_have_is_refused(kind: TrainingKind) -> None:
    spec = spec_of(kind)
    wrong = spec.configs.model_copy(update={"training": {"epocks": 3}})
    with pytest.raises(ConfigError, match="unknown key 'epocks'"):
        table.run_configs(spec.model_copy(update={"configs": wrong}))


@kinds
def test_a_kind_declares_its_supported_datasets(kind: TrainingKind) -> None:
    assert kind.learns_from(["image", "text"], stored="folder") is True
    assert kind.learns_from(["text"], stored="folder") is (kind.source != "images")
    assert kind.learns_from(["image"], stored="vectors") is (kind.source != "images")


@kinds
def test_its_word_names_it(kind: TrainingKind) -> None:
    assert table.source_named(kind.source) == kind.source


def test_an_older_word_names_it_too_and_an_unknown_one_is_an_error_that_lists_them() -> None:
    assert table.source_named("relevance") == "retrieval"
    with pytest.raises(ConfigError, match=r"Unknown kind of training 'sounds'.*vectors, images, retrieval"):
        table.source_named("sounds")


def test_every_kind_of_run_has_its_work() -> None:
    kinds = {each.model_fields["kind"].default for each in get_args(RunSpec)}
    assert set(work.WORK) == kinds
    for target in work.WORK.values():
        assert callable(registry.resolve(target))
