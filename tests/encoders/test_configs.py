"""Encoder settings are frozen, validated and described."""

from dataclasses import FrozenInstanceError

import pytest
from pydantic import TypeAdapter, ValidationError

from qlatent.encoders.configs import BuiltinConfig, ClipConfig, TextConfig
from qlatent.registry import ENCODERS, config_class, resolve


@pytest.mark.parametrize("config", [BuiltinConfig, ClipConfig, TextConfig])
def test_unknown_keys_are_refused(config: type) -> None:
    with pytest.raises(ValidationError, match="archtecture"):
        config(archtecture="ViT-B-32")


@pytest.mark.parametrize(
    ("config", "values"),
    [
        (TextConfig, {"max_length": 1}),
        (TextConfig, {"max_length": 10_000}),
        (TextConfig, {"model": ""}),
        (TextConfig, {"device": "gpu"}),
        (ClipConfig, {"architecture": ""}),
    ],
)
def test_values_outside_their_range_are_refused(config: type, values: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(values))):
        config(**values)


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        ClipConfig().device = "cpu"  # type: ignore[misc]


@pytest.mark.parametrize("config", [ClipConfig, TextConfig])
def test_every_field_has_a_title_and_a_description_for_the_form(config: type) -> None:
    fields = TypeAdapter(config).json_schema()["properties"]
    assert fields
    assert all(field.get("title") and field.get("description") for field in fields.values())


@pytest.mark.parametrize("name", list(ENCODERS))
def test_settings_declare_the_modalities_of_the_encoder(name: str) -> None:
    """Pages and specs read the modalities from the config, without importing the model's library."""
    assert resolve(ENCODERS[name].target).modalities == config_class("encoder", name).modalities
