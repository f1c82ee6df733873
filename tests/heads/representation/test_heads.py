"""QSSL's representation network: against PennyLane, the paper's counts and plain numpy; shots, projection, resuming."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pennylane as qml
import pytest
import torch

from qlatent.errors import ConfigError, InputError
from qlatent.heads import saving
from qlatent.objectives.configs import NTXentConfig
from qlatent.objectives.contrast import NTXent
from qlatent.registry import HEADS, config_class, make_config, resolve
from qlatent.training.core import events
from qlatent.training.core.configs import TrainingConfig, split_settings
from qlatent.training.vectors.data import from_arrays
from qlatent.training.vectors.loop import Trainer


def make(name: str = "qssl", **settings):
    return resolve(HEADS[name].target)(make_config(config_class("head", name), settings))


def vectors(rows: int = 5, width: int = 12, *, seed: int = 0) -> torch.Tensor:
    return torch.randn((rows, width), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def parts(head, name: str = "image"):
    return head.bridges[name], head.cores[name], head.projections[name]


def size(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


# --- the network ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ansatz", ["ring", "all_to_all"])
def test_latents_are_those_of_pennylane_with_the_papers_32_weights(ansatz: str) -> None:
    head = make(input_dim=12, ansatz=ansatz, sigmoid_temperature=2.0).double()
    bridge, core, _ = parts(head)
    assert core.weights.shape == (32,)

    @qml.qnode(qml.device("default.qubit", wires=8))
    def reference(x, w):
        qml.AngleEmbedding(x, wires=range(8), rotation="X")
        numbers = iter(w)
        for layer in range(2 if ansatz == "ring" else 4):
            if layer and ansatz == "all_to_all":
                for pair in itertools.combinations(range(8), 2):
                    qml.CNOT(pair)
            for wire in range(8):
                qml.RY(next(numbers), wires=wire)
            if ansatz == "ring":
                for wire in range(8):
                    qml.CRX(next(numbers), wires=[wire, (wire + 1) % 8])
        return [qml.expval(qml.PauliZ(wire)) for wire in range(8)]

    x = vectors(2)
    values = x.numpy() @ bridge.weight.detach().numpy().T + bridge.bias.detach().numpy()
    angles = np.pi / (1 + np.exp(-values / 2.0))
    wanted = [reference(row, core.weights.detach().numpy()) for row in angles]
    np.testing.assert_allclose(head.encode({"image": x})["image"].detach().numpy(), wanted, atol=1e-10)


def test_circuit_weights_start_with_a_deviation_of_one_over_root_width() -> None:
    drawn = torch.cat([make(seed=seed).cores["image"].weights.detach() for seed in range(100)])
    assert float(drawn.std()) == pytest.approx(8**-0.5, rel=0.05)
    assert abs(float(drawn.mean())) < 0.02
    tight = torch.cat([make(seed=s, circuit_spread=0.01).cores["image"].weights.detach() for s in range(20)])
    assert float(tight.std()) == pytest.approx(0.01, rel=0.1)


def test_the_twin_is_linear_and_leaky_twice_with_144_weights() -> None:
    head = make("qssl_twin", input_dim=12).double()
    bridge, core, _ = parts(head)
    assert size(core) == 144
    layers = [each for each in core if isinstance(each, torch.nn.Linear)]
    x = vectors()
    z = torch.sigmoid(bridge(x)) * math.pi
    for layer in layers:
        z = z @ layer.weight.T + layer.bias
        z = torch.where(z > 0, z, 0.01 * z)
    torch.testing.assert_close(head.encode({"image": x})["image"], z)


def test_without_the_squash_the_twin_takes_the_linear_layers_values() -> None:
    squashed, bare = make("qssl_twin", input_dim=12), make("qssl_twin", input_dim=12, squash=False)
    values = parts(bare)[0](vectors().float())
    torch.testing.assert_close(parts(bare)[1](values), parts(squashed)[1][1:](values))
    assert size(bare) == size(squashed)


def test_the_linear_control_is_one_layer() -> None:
    head = make("qssl_linear", input_dim=12)
    assert size(head.cores) == 72
    values = vectors(width=8).float()
    layer = head.cores["image"][1]
    torch.testing.assert_close(head.cores["image"](values), layer(torch.sigmoid(values) * math.pi))


def test_all_start_from_the_same_linear_layers_and_projection() -> None:
    first, *others = (make(name, input_dim=12, seed=3) for name in HEADS if name.startswith("qssl"))
    for other in others:
        for name in ("bridges", "decoders", "projections"):
            for one, two in zip(
                getattr(first, name).parameters(), getattr(other, name).parameters(), strict=True
            ):
                assert torch.equal(one, two)


def test_one_network_serves_all_views_unless_each_is_to_have_its_own() -> None:
    x = vectors().float()
    one, two = make(input_dim=12), make(input_dim=12, shared=False)
    assert torch.equal(*one.encode({"image": x, "text": x}).values())
    assert not torch.equal(*two.encode({"image": x, "text": x}).values())
    assert size(two) == 2 * size(one)


def test_without_entanglers_a_latent_depends_on_its_own_angle_alone() -> None:
    head = make("qssl_separable", input_dim=12)
    assert head.cores["image"].weights.shape == (32,)
    values = vectors(width=8).float()
    moved = values.clone()
    moved[:, 0] += 0.5
    change = (head.cores["image"](moved) - head.cores["image"](values)).abs()
    assert change[:, 0].max() > 1e-3
    assert change[:, 1:].max() < 1e-6


def test_a_frozen_circuit_is_random_and_not_trained() -> None:
    weights = make("qssl_frozen").cores["image"].weights
    assert not weights.requires_grad
    assert 1 < weights.abs().max() <= math.pi


def test_states_give_the_latents() -> None:
    head = make(input_dim=12, qubits=3).double()
    x = vectors()
    states = head.states({"image": x})["image"]
    bits = (np.arange(8)[:, None] >> np.arange(2, -1, -1)) & 1
    np.testing.assert_allclose(
        np.abs(states) ** 2 @ (1 - 2 * bits), head.encode({"image": x})["image"].detach().numpy(), atol=1e-12
    )
    with pytest.raises(InputError, match="no circuit"):
        make("qssl_twin", input_dim=12).states({"image": x.float()})


# --- the projection head ----------------------------------------------------------------------------------


def test_the_projection_is_linear_batchnorm_relu_linear() -> None:
    head = make("qssl_linear", input_dim=12).double()
    z = vectors(width=8)
    first, _, _, last = head.projections["image"]
    assert first.bias is None
    hidden = z @ first.weight.T
    hidden = (hidden - hidden.mean(dim=0)) / (hidden.var(dim=0, unbiased=False) + 1e-5).sqrt()
    wanted = torch.relu(hidden) @ last.weight.T + last.bias
    torch.testing.assert_close(head.train().project({"image": z})["image"], wanted)


def test_the_loss_sees_the_projection_and_the_latent_does_not() -> None:
    head = make(input_dim=12)
    inputs = {"image": vectors().float(), "text": vectors(seed=1).float()}
    latents = head.encode(inputs)
    loss = NTXent(NTXentConfig())
    wanted = loss.between(*head.project(latents).values()).item()
    assert loss.of(head, inputs, latents)["total"].item() == pytest.approx(wanted)
    assert loss({}, latents, {})["total"].item() != pytest.approx(wanted)
    loss.of(head, inputs, head.encode(inputs))["total"].backward()
    reached = {name.split(".")[0] for name, p in head.named_parameters() if p.grad is not None}
    assert reached == {"bridges", "cores", "projections"}  # not the decoders


def test_other_heads_are_seen_as_they_are() -> None:
    head = make("acqua_twin", input_dim=12)
    latents = head.encode({"image": vectors().float(), "text": vectors(seed=1).float()})
    loss = NTXent(NTXentConfig())
    assert torch.equal(loss.of(head, {}, latents)["total"], loss({}, latents, {})["total"])


def test_a_batch_of_one_is_refused_in_training_alone() -> None:
    head = make(input_dim=12)
    latents = head.encode({"image": vectors(1).float()})
    with pytest.raises(InputError, match="batch of one row cannot be normalised"):
        head.train().project(latents)
    assert torch.isfinite(head.eval().project(latents)["image"]).all()
    with pytest.raises(ConfigError, match="batch_size=1 is too small: the objective 'ntxent' compares"):
        split_settings("qssl", "ntxent", {"batch_size": 1})


# --- shots ------------------------------------------------------------------------------------------------


def test_shots_follow_from_the_seed_and_the_number_of_batches_before() -> None:
    x = vectors().float()
    one, two, other = (make(input_dim=12, qubits=3, shots=50, seed=s).train() for s in (0, 0, 1))
    other.load_state_dict(one.state_dict())
    first, second = (one.encode({"image": x})["image"] for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(two.encode({"image": x})["image"], first)
    assert torch.equal(two.encode({"image": x})["image"], second)
    assert not torch.equal(other.encode({"image": x})["image"], first)
    steps = first.detach().numpy() * 25 + 25  # 50 outcomes of ±1: the mean is a multiple of 1/25
    np.testing.assert_allclose(steps, steps.round(), atol=1e-5)


def test_shots_estimate_latents_and_their_gradients() -> None:
    x = vectors(6).float()
    exact, drawn = make(input_dim=12, qubits=3), make(input_dim=12, qubits=3, shots=40_000).train()
    for head in (exact, drawn):
        z = head.encode({"image": x})["image"]
        (z * torch.arange(1.0, 4.0)).sum().backward()
    torch.testing.assert_close(drawn.encode({"image": x}), exact.encode({"image": x}), atol=0.03, rtol=0)
    for name, parameter in exact.named_parameters():
        if parameter.grad is not None:
            got = dict(drawn.named_parameters())[name].grad
            assert got is not None
            torch.testing.assert_close(got, parameter.grad, atol=0.15, rtol=0.03)


def test_outside_training_expectations_are_exact_unless_shots_are_always_drawn() -> None:
    x = {"image": vectors().float()}
    exact = make(input_dim=12, qubits=3).encode(x)["image"]
    assert torch.equal(make(input_dim=12, qubits=3, shots=10).eval().encode(x)["image"], exact)
    always = make(input_dim=12, qubits=3, shots=10, shots_in="always").eval()
    first = always.encode(x)["image"]
    assert not torch.equal(first, exact)
    assert torch.equal(always.encode(x)["image"], first)  # evaluation has no side effect


@pytest.mark.parametrize("shots", [-1, 1.5])
def test_a_number_of_shots_below_none_is_refused(shots: float) -> None:
    with pytest.raises(ConfigError, match=r"shots=.*(greater than or equal to 0|valid integer)"):
        make(shots=shots)


# --- training ---------------------------------------------------------------------------------------------


def arrays(names: tuple[str, ...], count: int = 41) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=(count, 6)).astype(np.float32) for name in names}


def trained(*, stop_at: int | None = None, resume=None, names=("image", "text"), head="qssl", **settings):
    config = TrainingConfig(epochs=3, batch_size=8, learning_rate=0.01, heldout=0.2, weight_decay=1e-4)
    model = make(head, input_dim=6, qubits=3, modalities=names, **settings)
    trainer = Trainer(model, NTXent(NTXentConfig()), from_arrays(arrays(names), config), config)
    if resume:
        trainer.restore(resume)
    asked = itertools.count()
    return list(trainer.run(should_stop=lambda: next(asked) == stop_at, clock=lambda: 0.0)), model


def losses(happened):
    return [(event.step, event.losses) for event in happened if isinstance(event, events.Step)]


@pytest.mark.parametrize(
    "settings", [{}, {"shots": 20}, {"shots": 5, "shots_in": "always"}, {"head": "qssl_twin"}]
)
@pytest.mark.parametrize("names", [("image", "text"), ("vector",)])
def test_a_stopped_and_resumed_run_equals_an_unbroken_one_bit_for_bit(settings, names) -> None:
    whole, wanted = trained(names=names, **settings)
    first, _ = trained(stop_at=6, names=names, **settings)
    second, got = trained(resume=first[-2].checkpoint, names=names, **settings)
    assert losses(first) + losses(second) == losses(whole)
    assert len({parts["total"] for _, parts in losses(whole)}) > 5
    for name, value in wanted.state_dict().items():
        assert torch.equal(value, got.state_dict()[name]), name


def test_a_last_batch_of_one_row_is_left_out() -> None:
    happened, _ = trained()  # 33 training rows in batches of 8
    assert happened[0].train_pairs == 33
    assert happened[0].steps == 3 * 4


def test_batchnorm_statistics_and_shot_counter_are_saved_with_the_head(tmp_path) -> None:
    _, head = trained(shots=20)
    loaded = saving.load(saving.save(head, tmp_path / "head"))
    kept = loaded.state_dict()
    assert kept["projections.image.1.num_batches_tracked"] == 24  # two views a step
    assert kept["cores.image.drawn"] == 24
    for name, value in head.state_dict().items():
        assert torch.equal(kept[name], value), name


def test_the_loss_falls() -> None:
    config = TrainingConfig(epochs=60, batch_size=32, learning_rate=0.01)
    head = make(input_dim=6, qubits=4)
    given = from_arrays(arrays(("image", "text"), 60), config)
    happened = list(Trainer(head, NTXent(NTXentConfig()), given, config).run(clock=lambda: 0.0))
    found = [parts["total"] for _, parts in losses(happened)]
    assert np.mean(found[-10:]) < 0.85 * np.mean(found[:10])
