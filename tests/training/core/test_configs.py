from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from qlatent.errors import ConfigError
from qlatent.heads.dressed.configs import AcquaConfig
from qlatent.objectives.configs import AcquaObjectiveConfig
from qlatent.training.core.configs import TrainingConfig, split_settings


def test_left_out_settings_keep_their_defaults() -> None:
    configs = split_settings("acqua", "acqua", {})
    assert (configs.head, configs.objective, configs.training) == (
        AcquaConfig(),
        AcquaObjectiveConfig(),
        TrainingConfig(),
    )


def test_each_setting_goes_to_the_config_that_has_it() -> None:
    configs = split_settings("acqua", "acqua", {"qubits": 5, "epochs": 3, "alpha_distance": 0.5})
    assert (configs.head.qubits, configs.training.epochs, configs.objective.alpha_distance) == (5, 3, 0.5)


def test_the_seed_goes_to_head_and_training() -> None:
    configs = split_settings("acqua_twin", "acqua", {"seed": 8})
    assert (configs.head.seed, configs.training.seed) == (8, 8)


def test_text_from_a_command_line_is_understood() -> None:
    values = {"qubits": "5", "learning_rate": "4e-4", "unique_pairs": "false", "schedule": "step"}
    configs = split_settings("acqua", "acqua", values)
    assert configs.head.qubits == 5
    assert (configs.training.learning_rate, configs.training.unique_pairs) == (0.0004, False)


@pytest.mark.parametrize(
    ("key", "near"), [("qubit", "qubits"), ("epoch", "epochs"), ("alpha_distanc", "alpha_distance")]
)
def test_an_unknown_key_is_refused_with_the_nearest_of_all_three(key: str, near: str) -> None:
    with pytest.raises(ConfigError, match=rf"unknown key '{key}'.*did you mean '{near}'"):
        split_settings("acqua", "acqua", {key: 1})


def test_a_setting_of_another_head_is_unknown() -> None:
    with pytest.raises(ConfigError, match="unknown key 'quantum_init'"):
        split_settings("acqua_twin", "acqua", {"quantum_init": 0.1})


@pytest.mark.parametrize(
    "values",
    [
        {"qubits": 11}, {"qubits": 1}, {"depth": 0}, {"epochs": 0}, {"learning_rate": float("nan")},
        {"alpha_image": -1}, {"alpha_image": float("inf")}, {"schedule": "warm"}, {"modalities": []},
        {"modalities": ["image", "image"]}, {"modalities": ["sound"]}, {"qubits": 4.5}, {"heldout": 1.0},
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_with_its_key(values: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        split_settings("acqua", "acqua", values)


def test_unknown_heads_and_objectives_are_refused() -> None:
    with pytest.raises(ConfigError, match="no head called 'aqua'"):
        split_settings("aqua", "acqua", {})
    with pytest.raises(ConfigError, match="no objective called 'aqua'"):
        split_settings("acqua", "aqua", {})


def test_mari_training_is_within_reach() -> None:
    values = {"epochs": 30, "learning_rate": 4e-4, "schedule": "step", "step_every": 10, "step_factor": 0.1}
    training = TypeAdapter(TrainingConfig).validate_python({**values, "batch_size": 4})
    assert training.schedule == "step"


@pytest.mark.parametrize("head", ["acqua", "pca"])
def test_the_width_of_the_latent_is_understood_by_either_word(head: str) -> None:
    assert split_settings(head, "acqua", {"dim": 3}) == split_settings(head, "acqua", {"qubits": 3})
    with pytest.raises(ConfigError, match="both name the same setting"):
        split_settings(head, "acqua", {"dim": 3, "qubits": 3})
