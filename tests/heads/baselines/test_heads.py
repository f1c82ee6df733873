"""Heads in closed form, and the MLP of equal size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import qlatent
from qlatent.errors import ConfigError, InputError
from qlatent.registry import HEADS, config_class, make_config, resolve

PAIR = ("image", "text")


def head(name: str, **settings):
    return resolve(HEADS[name].target)(make_config(config_class("head", name), settings))


def rows(count: int = 60, width: int = 12, *, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    scale = np.linspace(3, 0.1, width)
    return {name: (rng.normal(size=(count, width)) * scale + 1).astype(np.float32) for name in PAIR}


def tensors(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_pca_is_that_of_scikit_learn(whiten: bool, shared: bool) -> None:
    data = rows()
    made = head("pca", input_dim=12, dim=3, whiten=whiten, shared=shared)
    made.prepare(tensors(data))
    for name in PAIR:
        given = np.concatenate(list(data.values())) if shared else data[name]
        reference = PCA(3, whiten=whiten).fit(given)
        wanted = reference.transform(data[name])
        got = made.encode(tensors(data))[name].numpy()
        np.testing.assert_allclose(np.abs(got), np.abs(wanted), atol=2e-4)
        back = made.decode({name: torch.from_numpy(got)})[name].numpy()
        np.testing.assert_allclose(back, reference.inverse_transform(wanted), atol=2e-4)


def test_pca_points_each_axis_the_same_way_however_rows_are_ordered() -> None:
    data = rows()
    made, turned = head("pca", input_dim=12, dim=4), head("pca", input_dim=12, dim=4)
    made.prepare(tensors(data))
    turned.prepare(tensors({name: array[::-1].copy() for name, array in data.items()}))
    torch.testing.assert_close(
        made.encode(tensors(data))["text"], turned.encode(tensors(data))["text"], atol=1e-4, rtol=1e-4
    )


def test_more_axes_than_vectors_are_refused() -> None:
    made = head("pca", input_dim=12, dim=10)
    with pytest.raises(InputError, match="10 principal axes of 8 vectors of width 12 do not exist"):
        made.prepare(tensors(rows(4)))


@pytest.mark.parametrize("name", ["pca", "random_projection", "truncation"])
def test_more_dimensions_than_the_vectors_have_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="dim=13: the vectors have only 12 dimensions"):
        head(name, input_dim=12, dim=13)


def test_truncation_takes_coordinates_and_puts_them_back() -> None:
    data = tensors(rows())
    first = head("truncation", input_dim=12, dim=3)
    torch.testing.assert_close(first.encode(data)["image"], data["image"][:, :3])
    drawn = head("truncation", input_dim=12, dim=3, which="random", seed=1)
    z = drawn.encode(data)
    columns = [int((data["image"] == z["image"][:, [i]]).all(dim=0).nonzero()) for i in range(3)]
    assert len(set(columns)) == 3 and columns != [0, 1, 2]
    torch.testing.assert_close(z["text"], data["text"][:, columns])
    torch.testing.assert_close(drawn.decode(z)["image"][:, columns], data["image"][:, columns])


def test_random_projection_keeps_squared_distances_on_average() -> None:
    x = torch.randn((40, 200), generator=torch.Generator().manual_seed(0))
    ratios = []
    for seed in range(20):
        z = head("random_projection", input_dim=200, dim=16, seed=seed).encode({"image": x})["image"]
        ratios.append(float((torch.pdist(z) ** 2).mean() / (torch.pdist(x) ** 2).mean()))
    assert np.mean(ratios) == pytest.approx(1.0, abs=4 * np.std(ratios) / len(ratios) ** 0.5)


def test_the_full_dimension_changes_nothing() -> None:
    data = tensors(rows())
    made = head("identity", input_dim=12)
    assert made.latent_dim == 12
    torch.testing.assert_close(made.encode(data)["text"], data["text"])


@pytest.mark.parametrize("parameters", ["stored", "used"])
@pytest.mark.parametrize(("width", "dim", "depth"), [(512, 4, 6), (512, 8, 6), (64, 3, 10)])
def test_the_mlp_has_as_many_weights_as_the_quantum_head(
    parameters: str, width: int, dim: int, depth: int
) -> None:
    mlp = head("mlp", input_dim=width, dim=dim, parameters=parameters, circuit_depth=depth)
    acqua = head("acqua", input_dim=width, dim=dim, depth=depth)
    ratio = mlp.parameter_count[parameters] / acqua.parameter_count[parameters]
    assert ratio == pytest.approx(1.0, abs=0.5 * (width + dim + 1) * 2 / acqua.parameter_count["stored"])


@pytest.mark.parametrize("name", ["acqua", "acqua_twin", "acqua_linear", "acqua_fourier"])
def test_a_bridge_can_start_from_the_principal_axes(name: str) -> None:
    data = rows()
    made = head(name, input_dim=12, dim=3, bridge_start="pca")
    made.prepare(tensors(data))
    reference = PCA(3).fit(np.concatenate(list(data.values())))
    wanted = reference.transform(data["image"]) * 0.5 / np.sqrt(reference.explained_variance_[0])
    got = made.encoders["image"](torch.from_numpy(data["image"])).detach().numpy()
    np.testing.assert_allclose(np.abs(got), np.abs(wanted), atol=1e-4)


def test_a_start_from_axes_needs_a_single_layer() -> None:
    with pytest.raises(ConfigError, match="bridge_start='pca' with hidden=16"):
        head("acqua", hidden=16, bridge_start="pca")


def test_closed_form_heads_are_fitted_by_the_same_call_and_survive_saving(tmp_path) -> None:
    data = rows()
    made = qlatent.create("pca", input_dim=12, dim=2).fit(data)
    z = made.transform(data)
    assert made.history_ == []
    loaded = qlatent.load(made.save(tmp_path / "head"))
    np.testing.assert_array_equal(loaded.transform(data)["image"], z["image"])
