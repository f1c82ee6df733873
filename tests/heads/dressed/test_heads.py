from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from qlatent.circuits import layouts
from qlatent.errors import ConfigError, InputError
from qlatent.heads.dressed.configs import AcquaConfig, AcquaLinearConfig, AcquaTwinConfig
from qlatent.heads.dressed.cores import angles
from qlatent.heads.dressed.heads import DressedHead
from tests.circuits.reference import dense_expectations


def inputs(width: int = 512, *, rows: int = 6) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return {name: torch.randn((rows, width), generator=generator) for name in ("image", "text")}


def test_acqua_is_linear_then_circuit_then_linear() -> None:
    head = DressedHead(AcquaConfig(input_dim=9, qubits=3, depth=2, quantum_init=1.0)).double()
    x = {name: rows.double() for name, rows in inputs(9).items()}
    with torch.no_grad():
        z = head.encode(x)
        y = head.decode(z)
    for name in ("image", "text"):
        state = {key: value.numpy() for key, value in head.state_dict().items() if name in key}
        hidden = x[name].numpy() @ state[f"encoders.{name}.weight"].T + state[f"encoders.{name}.bias"]
        wanted = dense_expectations(
            layouts.dressed(3, 2), np.tanh(hidden) * np.pi / 2, state[f"cores.{name}.weights"]
        )
        np.testing.assert_allclose(z[name].numpy(), wanted, atol=1e-12)
        decoded = wanted @ state[f"decoders.{name}.weight"].T + state[f"decoders.{name}.bias"]
        np.testing.assert_allclose(y[name].numpy(), decoded, atol=1e-12)


def test_the_twin_has_tanh_of_a_linear_layer_in_place_of_the_circuit() -> None:
    head = DressedHead(AcquaTwinConfig(input_dim=9, dim=3))
    x = inputs(9)["text"]
    core, encoder = head.cores["text"].dense, head.encoders["text"]
    wanted = torch.tanh(core(torch.tanh(encoder(x)) * math.pi / 2))
    torch.testing.assert_close(head.encode({"text": x})["text"], wanted)


def test_the_linear_head_is_linear() -> None:
    head = DressedHead(AcquaLinearConfig(input_dim=9, dim=3))
    x = inputs(9)["image"]
    torch.testing.assert_close(head.encode({"image": x})["image"], head.encoders["image"](x))


@pytest.mark.parametrize(
    ("config", "parameters"),
    [
        (AcquaConfig(), 2 * (512 * 4 + 4 + 24 + 4 * 512 + 512)),
        (AcquaTwinConfig(), 2 * (512 * 4 + 4 + 4 * 4 + 4 + 4 * 512 + 512)),
        (AcquaLinearConfig(), 2 * (512 * 4 + 4 + 4 * 512 + 512)),
        (AcquaConfig(hidden=128), 2 * (512 * 128 + 128 + 128 * 4 + 4 + 24 + 4 * 128 + 128 + 128 * 512 + 512)),
        (AcquaConfig(shared=True), 512 * 4 + 4 + 24 + 4 * 512 + 512),
        (AcquaConfig(latent="dense"), 2 * (512 * 4 + 4 + 24 + 20 + 4 * 512 + 512)),
    ],
)
def test_parameters_are_counted(config: AcquaConfig, parameters: int) -> None:
    assert DressedHead(config).parameter_count == {"stored": parameters, "used": parameters}


def test_latents_of_expectations_and_of_the_twin_stay_within_one() -> None:
    wide = {name: rows * 100 for name, rows in inputs().items()}
    for config in (AcquaConfig(quantum_init=3.0), AcquaTwinConfig()):
        assert all(z.abs().max() <= 1 + 1e-6 for z in DressedHead(config).encode(wide).values())


def test_circuit_weights_start_small_as_in_mari() -> None:
    weights = torch.cat([DressedHead(AcquaConfig(seed=seed)).cores["image"].weights for seed in range(50)])
    assert weights.std().item() == pytest.approx(0.01, rel=0.1)
    assert not DressedHead(AcquaConfig(quantum_init=0.0)).cores["text"].weights.any()


def test_heads_of_one_seed_share_their_linear_layers_for_any_core() -> None:
    heads = [
        DressedHead(config)
        for config in (AcquaConfig(seed=3), AcquaTwinConfig(seed=3), AcquaLinearConfig(seed=3))
    ]
    for name in ("encoders.text.weight", "decoders.image.bias"):
        first, *others = (head.state_dict()[name] for head in heads)
        assert all(torch.equal(first, other) for other in others)


def test_the_global_random_state_is_neither_used_nor_changed() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = DressedHead(AcquaConfig())
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(first.encoders["image"].weight, DressedHead(AcquaConfig()).encoders["image"].weight)


def test_linear_layers_start_like_those_of_torch() -> None:
    head = DressedHead(AcquaConfig())
    for layer in (head.encoders["image"], head.decoders["text"]):
        bound = layer.in_features**-0.5
        assert bound * 0.95 < layer.weight.abs().max().item() <= bound
        assert layer.bias.abs().max().item() <= bound


def test_image_and_text_have_their_own_weights_unless_shared() -> None:
    x = inputs()["image"]
    apart, shared = DressedHead(AcquaConfig()), DressedHead(AcquaConfig(shared=True))
    assert not torch.equal(apart.encode({"image": x})["image"], apart.encode({"text": x})["text"])
    assert torch.equal(shared.encode({"image": x})["image"], shared.encode({"text": x})["text"])


def test_texts_may_have_another_width() -> None:
    head = DressedHead(AcquaConfig(input_dim=512, input_dim_text=384))
    assert head.input_dims == {"image": 512, "text": 384}
    latents = head.encode({"image": torch.randn(2, 512), "text": torch.randn(2, 384)})
    assert head.decode(latents)["text"].shape == (2, 384)


def test_one_autoencoder_for_different_widths_is_refused() -> None:
    with pytest.raises(ConfigError, match="different widths"):
        DressedHead(AcquaConfig(input_dim_text=384, shared=True))


def test_a_modality_of_another_head_is_refused() -> None:
    with pytest.raises(InputError, match=r"no modality 'image'.*made for 'text'"):
        DressedHead(AcquaConfig(modalities=("text",))).encode({"image": torch.randn(2, 512)})


@pytest.mark.parametrize(
    ("scaling", "low", "high"),
    [("tanh", -math.pi / 2, math.pi / 2), ("sigmoid", 0.0, math.pi), ("none", -50, 50)],
)
def test_input_scaling_bounds_the_angles(scaling: str, low: float, high: float) -> None:
    values = angles(torch.tensor([-50.0, 0.0, 50.0]), scaling)
    assert values.tolist() == pytest.approx([low, (low + high) / 2, high], abs=1e-6)


def test_similarity_is_the_negative_euclidean_distance() -> None:
    a, b = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert DressedHead(AcquaConfig(qubits=2)).similarity(a, b).tolist() == [[-5.0, 0.0]]


def test_every_option_changes_the_latents() -> None:
    base = AcquaConfig(quantum_init=0.5)
    x = inputs()
    standard = DressedHead(base).encode(x)["image"]
    for change in (
        {"depth": 5}, {"layer_order": "rotate_first"}, {"input_scaling": "sigmoid"},
        {"input_scaling": "none"}, {"quantum_init": 0.6}, {"latent": "dense"}, {"hidden": 16}, {"seed": 1},
    ):  # fmt: skip
        other = DressedHead(replace(base, **change)).encode(x)["image"]
        assert not torch.allclose(standard, other), change


def test_a_frozen_circuit_is_random_and_stays_as_it_is() -> None:
    head = DressedHead(AcquaConfig(input_dim=6, qubits=2, depth=3, circuit_weights="frozen"))
    before = head.cores["image"].weights.clone()
    assert before.abs().max() > 0.5 and before.abs().max() <= np.pi
    optimizer = torch.optim.Adam(head.parameters(), lr=0.1)
    latents = head.encode({"image": torch.ones(3, 6)})
    head.decode(latents)["image"].sum().backward()
    optimizer.step()
    assert torch.equal(head.cores["image"].weights, before)


def test_without_entanglers_the_circuit_is_a_product() -> None:
    head = DressedHead(AcquaConfig(input_dim=6, qubits=3, depth=2, entanglers=False))
    assert head.circuit == layouts.product(3, 2)
    assert all(len(operation.wires) == 1 for operation in head.circuit.operations)
