"""Projection heads: sizes, the named heads, invalid input, saturation."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import qlatent
from qlatent.errors import ConfigError, InputError
from qlatent.heads.projection.merging import bloch
from qlatent.metrics.pairs.distances import between
from qlatent.registry import HEADS, config_class, make_config, resolve

NAMES = ("qbec", "bec", "qbfec", "bfec", "linear_fidelity", "merge_cosine", "merge_cnot", "grouped_linear")
SIZES = [
    (768, 384, 4608, 1920, 295296, 1152),
    (768, 256, 6144, 2560, 196864, 1024),
    (768, 128, 7680, 3200, 98432, 896),
    (768, 64, 8448, 3520, 49216, 832),
    (768, 16, 9024, 3760, 12304, 784),
    (768, 8, 9120, 3800, 6152, 776),
    (512, 256, 3072, 1280, 131328, 768),
    (512, 64, 5376, 2240, 32832, 576),
    (512, 8, 6048, 2520, 4104, 520),
]


def head(name: str, **settings):
    return resolve(HEADS[name].target)(make_config(config_class("head", name), settings))


def rows(count: int = 20, width: int = 12, *, seed: int = 5, spread: float = 0.4) -> torch.Tensor:
    return torch.randn((count, width), generator=torch.Generator().manual_seed(seed)) * spread


@pytest.mark.parametrize(("width", "kept", "merge", "identifiable", "linear", "grouped"), SIZES)
def test_parameters_are_counted_as_in_the_table(
    width: int, kept: int, merge: int, identifiable: int, linear: int, grouped: int
) -> None:
    def count(name: str, **settings) -> dict[str, int]:
        return head(name, input_dim=width, qubits=kept, **settings).parameter_count

    found = count("qbec")
    assert (found["stored"], found["identifiable"]) == (merge, identifiable)
    assert found["used"] == 7 * (width - kept)
    assert found["decoder"] == width * (kept + 1)
    assert set(count("qbec", merge_angles="reduced").values()) == {identifiable, found["decoder"]}
    assert count("bec")["stored"] == count("linear_fidelity")["used"] == linear
    assert count("grouped_linear")["stored"] == grouped
    assert count("qbec", shared=False)["stored"] == 2 * merge


def test_the_claim_of_32_times_holds_at_one_size_and_inverts_at_small_ones() -> None:
    ratios = {kept: linear / merge for width, kept, merge, _, linear, _ in SIZES if width == 768}
    assert ratios[256] == pytest.approx(32.04, abs=0.01)
    assert ratios[8] < 1 < ratios[16]


@pytest.mark.parametrize(
    ("name", "compression", "encoding", "similarity"),
    [
        ("bt", "none", "tanh", "cosine"),
        ("qbt", "none", "bloch", "fidelity"),
        ("bec", "linear", "tanh", "cosine"),
        ("bfec", "linear", "tanh", "cosine"),
        ("qbec", "merge", "bloch", "fidelity"),
        ("qbfec", "merge", "bloch", "fidelity"),
        ("linear_fidelity", "linear", "bloch", "fidelity"),
        ("merge_cosine", "merge", "bloch", "cosine"),
        ("merge_cnot", "merge_cnot", "bloch", "fidelity"),
        ("grouped_linear", "grouped", "tanh", "cosine"),
    ],
)
def test_the_named_set_is_made_of_compression_encoding_and_similarity(
    name: str, compression: str, encoding: str, similarity: str
) -> None:
    made = head(name, input_dim=12, **({} if compression == "none" else {"qubits": 5}))
    config = made.config
    assert (config.compression, config.encoding, config.similarity) == (compression, encoding, similarity)
    assert made.distance == ("log_fidelity" if similarity == "fidelity" else "cosine")
    assert HEADS[name].family == ("quantum-inspired" if compression.startswith("merge") else "classical")
    z = made.encode({"image": rows()})["image"].detach()
    distances = between(z.numpy(), z[:4].numpy(), made.distance)
    similar = made.similarity(z, z[:4]).numpy()
    offset = 1.0 if similarity == "cosine" else 0.0
    np.testing.assert_allclose(offset - similar, distances, atol=1e-4)


def test_linear_heads_are_their_formulas() -> None:
    u = rows()
    bec = head("bec", input_dim=12, qubits=5, input_scale=0.5)
    layer = bec.compressors["image"]
    wanted = torch.tanh(0.5 * (u @ layer.weight.T + layer.bias))
    torch.testing.assert_close(bec.encode({"text": u})["text"], wanted)
    fidelity = head("linear_fidelity", input_dim=12, qubits=5)
    layer = fidelity.compressors["image"]
    torch.testing.assert_close(
        fidelity.encode({"text": u})["text"], bloch(u @ layer.weight.T + layer.bias)[0]
    )


def test_a_grouped_output_sees_every_kth_input_and_no_other() -> None:
    made = head("grouped_linear", input_dim=12, qubits=5)
    layer = made.compressors["image"]
    u = rows()
    for j in range(5):
        seen = list(range(j, 12, 5))
        wanted = torch.tanh((u[:, seen] * layer.weight[seen]).sum(1) + layer.bias[j])
        torch.testing.assert_close(made.encode({"image": u})["image"][:, j], wanted)


def test_qbfec_differs_from_qbec_by_unit_inputs() -> None:
    u = rows()
    qbfec, qbec = (head(name, input_dim=12, qubits=5) for name in ("qbfec", "qbec"))
    unit = torch.nn.functional.normalize(u, dim=1)
    torch.testing.assert_close(qbfec.encode({"image": 3 * u}), qbec.encode({"image": unit}))


@pytest.mark.parametrize("name", ["bt", "qbt"])
def test_an_encoding_without_compression_can_be_inverted(name: str) -> None:
    made = head(name, input_dim=12, input_scale=2.0)
    u = rows()
    torch.testing.assert_close(made.decode(made.encode({"image": u}))["image"], u, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("kept", "message"), [
    (12, r"(qubits|dim)=12: the vectors have 12 dimensions.*Use 1 to 11"),
    (13, r"(qubits|dim)=13: the vectors have 12 dimensions"),
    (0, r"(qubits|dim)=0.*greater than or equal to 1"),
])  # fmt: skip
def test_a_latent_dimension_that_compresses_nothing_is_refused(name: str, kept: int, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        head(name, input_dim=12, qubits=kept)


def test_the_narrowest_modality_counts() -> None:
    with pytest.raises(ConfigError, match="qubits=8: the vectors have 6 dimensions"):
        head("qbec", input_dim=12, input_dim_text=6, qubits=8, shared=False)
    with pytest.raises(ConfigError, match=r"shared=True: the modalities have different widths"):
        head("qbec", input_dim=12, input_dim_text=6, qubits=3)


@pytest.mark.parametrize("name", ["qbec", "bec", "qbt"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_vectors_that_are_not_finite_are_refused_with_the_row(name: str, bad: float) -> None:
    u = rows()
    u[7, 3] = u[9, 1] = bad
    settings = {} if name == "qbt" else {"qubits": 5}
    with pytest.raises(InputError, match=r"2 of 20 image vectors hold NaN or infinite numbers.*row 7"):
        head(name, input_dim=12, **settings).encode({"image": u})


def test_merges_act_on_qubits_alone() -> None:
    with pytest.raises(ConfigError, match="compression='merge' with encoding='tanh': merges act on qubits"):
        head("qbec", encoding="tanh")


@pytest.mark.parametrize("name", ["qbec", "bec", "bt"])
def test_saturation_is_measured_and_warned_about_with_a_scale_that_helps(name: str) -> None:
    settings = {"input_dim": 12} | ({} if name == "bt" else {"qubits": 5})
    made, u = head(name, **settings), {"image": rows(400, spread=20.0)}
    assert made.saturation(u)["image"] > 0.5
    with pytest.warns(
        UserWarning, match=r"tanh saturates for \d+% of the numbers of the image.*input_scale="
    ) as seen:
        made.prepare(u)
    scale = float(str(seen[0].message).split("input_scale=")[1].split()[0])
    helped = head(name, **settings, input_scale=scale)
    assert helped.saturation(u)["image"] < 0.05
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        helped.prepare(u)


@pytest.mark.parametrize("name", ["qbec", "qbfec", "merge_cnot"])
@pytest.mark.parametrize("kept", [3, 5])  # 10 → 3 has a ragged tail, 10 → 5 has none
def test_a_training_step_moves_exactly_the_used_parameters(name: str, kept: int) -> None:
    made = head(name, input_dim=10, qubits=kept, modalities=("vector",)).double()
    z = made.encode({"vector": rows(30, 10).double()})["vector"]
    z.square().sum().backward()
    reached = sum(int((p.grad != 0).sum()) for p in made.counted)
    assert reached == made.parameter_count["used"]


def test_qbec_trains_saves_and_loads_through_the_public_names(tmp_path) -> None:
    data = {name: rows(60, seed=seed).numpy() for name, seed in (("image", 1), ("text", 2))}
    made = qlatent.create("qbec", input_dim=12, qubits=4, objective="ranking", epochs=3)
    made.fit(data)
    losses = [each["total"] for each in made.history_]
    assert losses[-1] < losses[0]
    loaded = qlatent.load(made.save(tmp_path / "head"))
    np.testing.assert_array_equal(loaded.transform(data)["image"], made.transform(data)["image"])
    assert loaded.similarity(*[made.transform(data)["text"]] * 2).shape == (60, 60)
