"""The contract of every head in the registry."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from qlatent.circuits import simulate
from qlatent.errors import ConfigError, InputError
from qlatent.heads import saving
from qlatent.heads.base import AbstractHead
from qlatent.heads.config import CircuitHeadConfig
from qlatent.objectives.acqua import AcquaObjective
from qlatent.objectives.configs import AcquaObjectiveConfig
from qlatent.registry import HEADS, OBJECTIVES, config_class, head_class, make_config, resolve
from qlatent.training.core.configs import SHARED_KEYS, TrainingConfig

names = pytest.mark.parametrize("name", HEADS)


def make(name: str, **settings: Any) -> AbstractHead:
    head: AbstractHead = resolve(HEADS[name].target)(make_config(config_class("head", name), settings))
    return head


def found_in_data(name: str) -> bool:
    """Whether the head is determined by the training rows, independent of the seed."""
    return name in ("pca", "pca_whitened", "truncation", "identity", "bt", "qbt")


def has_dimension(name: str) -> bool:
    """Whether the head has a configurable latent dimension."""
    return bool(head_class(name).width_key())


def inputs_of(head: AbstractHead, *, rows: int = 7) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(
        100
    )  # differs from the weights' seeds, so that rows and weights are independent
    return {name: torch.randn((rows, width), generator=generator) for name, width in head.input_dims.items()}


def assert_latents(
    head: AbstractHead, inputs: dict[str, torch.Tensor], latents: dict[str, torch.Tensor]
) -> None:
    assert set(latents) == set(inputs)
    for name, z in latents.items():
        assert z.shape == (len(inputs[name]), head.latent_dim)
        assert z.dtype == inputs[name].dtype
        assert torch.isfinite(z).all()


@names
@pytest.mark.parametrize("rows", [0, 1, 7])
def test_latents_and_reconstructions_have_the_promised_shape(name: str, rows: int) -> None:
    head = make(name)
    inputs = inputs_of(head, rows=rows)
    latents = head.encode(inputs)
    assert_latents(head, inputs, latents)
    assert {m: y.shape for m, y in head.decode(latents).items()} == {m: x.shape for m, x in inputs.items()}


@names
def test_float64_works_as_well(name: str) -> None:
    head = make(name).double()
    inputs = {modality: x.double() for modality, x in inputs_of(head).items()}
    assert_latents(head, inputs, head.encode(inputs))


@names
def test_each_modality_can_be_encoded_alone(name: str) -> None:
    head = make(name)
    inputs = inputs_of(head)
    together = head.encode(inputs)
    for modality, x in inputs.items():
        assert torch.equal(head.encode({modality: x})[modality], together[modality])


@names
def test_a_row_does_not_depend_on_the_others(name: str) -> None:
    head = make(name).double()
    inputs = {modality: x.double() for modality, x in inputs_of(head).items()}
    all_rows = head.encode(inputs)
    first = head.encode({modality: x[:1] for modality, x in inputs.items()})
    for modality in inputs:
        torch.testing.assert_close(first[modality], all_rows[modality][:1])


@names
def test_the_seed_decides_everything(name: str) -> None:
    inputs = inputs_of(make(name))
    first, again, other = (make(name, seed=seed).encode(inputs) for seed in (0, 0, 1))
    for modality in inputs:
        assert torch.equal(first[modality], again[modality])
        if not found_in_data(name):
            assert not torch.equal(first[modality], other[modality])


@names
def test_a_wrong_width_is_refused_with_both_widths(name: str) -> None:
    head = make(name, input_dim=512)
    modality = head.modalities[0]
    with pytest.raises(InputError, match=r"got width 384, expected 512"):
        head.encode({modality: torch.zeros(2, 384)})
    with pytest.raises(InputError, match=r"got shape \(512,\), expected 512"):
        head.encode({modality: torch.zeros(512)})


@names
@pytest.mark.parametrize("modalities", [("image", "text"), ("text",), ("vector",)])
def test_the_gradient_reaches_every_parameter_that_counts_as_used(
    name: str, modalities: tuple[str, ...]
) -> None:
    head = make(name, modalities=modalities)
    inputs = inputs_of(head, rows=63)  # odd, so that the signs of an L1 loss do not cancel
    trained = [p for p in head.counted if p.requires_grad]
    assert bool(trained) == (not head.config.closed_form)
    if not trained:
        return
    config = AcquaObjectiveConfig(
        alpha_text=0.25
    )  # differs from α_i, so that gradients of shared weights do not cancel
    AcquaObjective(config).of(head, inputs, head.encode(inputs))["total"].backward()
    reached = sum(int((p.grad != 0).sum()) for p in trained if p.grad is not None)
    fixed = sum(p.numel() for p in head.counted if not p.requires_grad)
    assert reached + fixed == head.parameter_count["used"] <= head.parameter_count["stored"]


@names
def test_a_saved_head_gives_the_same_bits(name: str, tmp_path: Path) -> None:
    head = make(name, **({"qubits": 3} if has_dimension(name) else {}))
    inputs = inputs_of(head)
    head.prepare(inputs)
    loaded = saving.load(saving.save(head, tmp_path / "head"))
    assert loaded.config == head.config
    assert loaded.name == name
    for modality, z in head.encode(inputs).items():
        assert torch.equal(loaded.encode(inputs)[modality], z)


@names
def test_a_head_takes_nothing_from_rows_that_it_does_not_want(name: str) -> None:
    head = make(name, **({"qubits": 3} if has_dimension(name) else {}))
    before = {key: tensor.clone() for key, tensor in head.state_dict().items()}
    head.prepare(inputs_of(head))
    changed = any(not torch.equal(before[key], tensor) for key, tensor in head.state_dict().items())
    assert changed == (head.rows_wanted is None)


@names
def test_the_circuit_is_there_for_quantum_heads_alone(name: str) -> None:
    head = make(name)
    assert (head.circuit is not None) == (HEADS[name].family == "quantum")


@names
def test_the_config_declares_its_circuit(name: str) -> None:
    head = make(name)
    assert head.config.has_circuit == isinstance(head.config, CircuitHeadConfig) == (head.circuit is not None)
    if not head.config.has_circuit:
        assert head.config.control_settings == ()
        return
    for modality in head.modalities:
        assert head.state_dict()[head.config.circuit_tensor(modality)].shape == (head.circuit.weights,)
    assert set(head.config.control_settings) <= {field.name for field in dataclasses.fields(head.config)}
    assert head.config.resized(head.latent_dim, 1).weights < head.config.resized(head.latent_dim, 2).weights


@names
def test_the_circuit_inputs_give_the_latents(name: str) -> None:
    head = make(name).double()
    inputs = {modality: x.double() for modality, x in inputs_of(head).items()}
    fed = head.circuit_inputs(inputs)
    assert (fed is None) == (head.circuit is None)
    if fed is None:
        return
    state = head.state_dict()
    measured = {
        modality: simulate.expectations(head.circuit, each, state[head.config.circuit_tensor(modality)])
        for modality, each in fed.items()
    }
    for modality, z in head.circuit_latents(measured).items():
        torch.testing.assert_close(z, head.encode(inputs)[modality])


@names
def test_controls_are_heads_of_the_registry_and_named_at_a_circuit_alone(name: str) -> None:
    assert set(HEADS[name].controls) <= set(HEADS) - {name}
    assert not HEADS[name].controls or head_class(name).has_circuit


@names
def test_similarity_is_largest_with_itself(name: str) -> None:
    head = make(name)
    z = next(iter(head.encode(inputs_of(head)).values()))
    similarity = head.similarity(z, z[:3])
    assert similarity.shape == (7, 3)
    assert similarity.argmax(dim=0).tolist() == [0, 1, 2]


@names
def test_configs_survive_json(name: str) -> None:
    adapter = TypeAdapter(config_class("head", name))
    config = adapter.validate_python({"seed": 7})
    assert adapter.validate_python(json.loads(json.dumps(dataclasses.asdict(config)))) == config


@names
def test_an_unknown_key_is_refused_with_the_nearest(name: str) -> None:
    key = head_class(name).width_key() or "seed"
    with pytest.raises(ConfigError, match=rf"unknown key '{key[:-1]}'.*did you mean '{key}'"):
        make(name, **{key[:-1]: 4})


@names
def test_the_width_goes_by_either_word_and_never_by_both(name: str) -> None:
    if not has_dimension(name):
        for key in ("dim", "qubits"):
            with pytest.raises(ConfigError, match=f"unknown key '{key}'"):
                make(name, **{key: 3})
        return
    assert make(name, dim=3).config == make(name, qubits=3).config
    assert make(name, dim=3).latent_dim == 3
    with pytest.raises(ConfigError, match="both name the same setting"):
        make(name, dim=3, qubits=3)


@names
def test_the_word_is_qubits_where_there_are_some(name: str) -> None:
    has_qubits = HEADS[name].family.startswith("quantum")
    assert head_class(name).width_key() in (("qubits",) if has_qubits else ("dim", ""))


@names
def test_every_setting_has_a_title_and_a_description(name: str) -> None:
    schema = TypeAdapter(config_class("head", name)).json_schema()
    for key, described in schema["properties"].items():
        assert described.get("title") and described.get("description"), key


@pytest.mark.parametrize("objective", OBJECTIVES)
@names
def test_no_setting_occurs_in_two_configs(name: str, objective: str) -> None:
    classes = (config_class("head", name), config_class("objective", objective), TrainingConfig)
    keys = [
        field.name for cls in classes for field in dataclasses.fields(cls) if field.name not in SHARED_KEYS
    ]
    assert len(keys) == len(set(keys))


def test_configs_are_torch_free() -> None:
    modules = {entry.config.partition(":")[0] for entry in (*HEADS.values(), *OBJECTIVES.values())}
    imports = ", ".join(sorted({*modules, "qlatent", "qlatent.training.core.configs"}))
    code = f"import sys, {imports}; sys.exit('torch' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def product(function: Any, wanted: list[torch.Tensor], along: list[torch.Tensor]) -> list[torch.Tensor]:
    """Hessian–vector product by two backward passes."""
    slopes = torch.autograd.grad(function(), wanted, create_graph=True, materialize_grads=True)
    moved = sum((slope * each).sum() for slope, each in zip(slopes, along, strict=True))
    if not moved.requires_grad:  # linear in all of them
        return [torch.zeros_like(each) for each in wanted]
    return list(torch.autograd.grad(moved, wanted, materialize_grads=True))


def differences(
    function: Any, wanted: list[torch.Tensor], along: list[torch.Tensor], *, step: float = 1e-5
) -> list[torch.Tensor]:
    """Hessian–vector product by central differences of gradients."""
    ends = []
    for sign in (1, -2, 1):  # +1, −1, and back to 0
        with torch.no_grad():
            for each, direction in zip(wanted, along, strict=True):
                each.add_(direction, alpha=sign * step)
        ends.append(torch.autograd.grad(function(), wanted, materialize_grads=True))
    return [(high - low) / (2 * step) for high, low in zip(*ends[:2], strict=True)]


@names
@pytest.mark.parametrize("linear", [True, False])
def test_second_derivatives_are_those_of_finite_differences(name: str, linear: bool) -> None:
    """Second derivatives of latents and similarities; for a linear loss the head's incoming gradient is constant."""
    sizes = {"qubits": 4} if has_dimension(name) else {}
    head = make(name, input_dim=9, **sizes).double().eval()
    inputs = {key: x.double().requires_grad_() for key, x in inputs_of(head, rows=3).items()}
    wanted = [*inputs.values(), *(each for each in head.parameters() if each.requires_grad)]
    generator = torch.Generator().manual_seed(1)
    along = [torch.randn(each.shape, generator=generator, dtype=torch.float64) for each in wanted]

    def loss() -> torch.Tensor:
        latents = list(head.encode(inputs).values())
        total = sum(z.sum() if linear else z.pow(3).sum() for z in latents)
        if head.distance != "euclidean":
            alike = head.similarity(latents[0], latents[-1])
            total = total + (alike.sum() if linear else alike.square().sum())
        return total

    found = product(loss, wanted, along)
    for got, expected in zip(found, differences(loss, wanted, along), strict=True):
        torch.testing.assert_close(got, expected, atol=1e-5 * (1 + expected.abs().max().item()), rtol=1e-4)


@names
def test_numbers_of_16_bits_and_autocast_give_nearly_the_same_latents(name: str) -> None:
    head = make(name).eval()
    inputs = {key: x / x.norm(dim=1, keepdim=True) for key, x in inputs_of(head).items()}
    wanted = head.encode(inputs)
    shorter = head.encode({key: x.bfloat16() for key, x in inputs.items()})
    with torch.autocast("cpu", torch.bfloat16):
        mixed = head.encode(inputs)
        both = head.encode({key: x.bfloat16() for key, x in inputs.items()})
    for found in (shorter, mixed, both, head.encode({key: x.double() for key, x in inputs.items()})):
        for key, z in wanted.items():
            torch.testing.assert_close(found[key].float(), z, atol=0.03, rtol=0.03)


@names
def test_more_axes_than_two_are_refused_with_the_way_out(name: str) -> None:
    head = make(name)
    inputs = {key: x.reshape(1, *x.shape) for key, x in inputs_of(head).items()}
    with pytest.raises(InputError, match=r"got shape \(1, 7, \d+\).*reshape\(-1, \d+\)"):
        head.encode(inputs)
