"""Heads prepared for search: their latents and descriptions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from qlatent.errors import ConfigError, InputError
from qlatent.services.retrieval import searched_heads
from qlatent.services.retrieval.collection import Collection, Labelled
from qlatent.store.workspace import Workspace

NOBODY = np.zeros(0, dtype=np.int64)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("searched") / "workspace") as opened:
        yield opened


@pytest.fixture(scope="module")
def collection() -> Collection:
    vectors = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    ids = [f"i{number}" for number in range(30)]
    return Collection("given", "text", ids, vectors, [], vectors[:0], Labelled(NOBODY, NOBODY, []), NOBODY)


def test_the_vectors_themselves_are_searched_by_cosine(workspace: Workspace, collection: Collection) -> None:
    ready = searched_heads.prepared(workspace, searched_heads.NONE, collection)
    assert ready.latents(collection.vectors) is collection.vectors
    assert (ready.metric, ready.dim, ready.fitted) == ("cosine", 8, "nothing")
    assert set(ready.parameters.values()) == {0}
    assert ready.saturated is None


def test_pca_is_found_from_the_corpus(workspace: Workspace, collection: Collection) -> None:
    ready = searched_heads.prepared(workspace, "pca:dim=2", collection)
    unit = collection.vectors / np.linalg.norm(collection.vectors, axis=1, keepdims=True)
    centred = unit - unit.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    found = ready.latents(collection.vectors)
    assert found.shape == (30, 2)
    np.testing.assert_allclose(np.abs(found), np.abs(centred @ axes[:2].T), atol=1e-4)
    assert (ready.dim, ready.fitted) == (2, "the corpus, without labels")


def test_what_is_drawn_says_its_seed_and_another_seed_draws_another(
    workspace: Workspace, collection: Collection
) -> None:
    one, same, other = (
        searched_heads.prepared(workspace, "random_projection:dim=3", collection, seed=seed)
        for seed in (1, 1, 2)
    )
    rows = collection.vectors[:4]
    np.testing.assert_array_equal(one.latents(rows), same.latents(rows))
    assert not np.allclose(one.latents(rows), other.latents(rows))


def test_a_head_that_is_trained_says_that_it_was_only_drawn(
    workspace: Workspace, collection: Collection
) -> None:
    ready = searched_heads.prepared(workspace, "acqua:qubits=2:depth=1", collection, seed=5)
    assert ready.fitted == "nothing: random weights of seed 5"
    assert ready.dim == 2
    assert ready.parameters["stored"] >= ready.parameters["used"] > 0


def test_a_name_of_the_registry_is_drawn_and_any_other_is_kept(
    workspace: Workspace, collection: Collection
) -> None:
    assert searched_heads.is_drawn("pca:dim=2")
    assert not searched_heads.is_drawn("kept/mine")
    with pytest.raises(InputError, match="mine"):
        searched_heads.prepared(workspace, "kept/mine", collection)


def test_settings_behind_colons_are_those_of_the_head() -> None:
    config = searched_heads.config("qbec:qubits=4:seed=9", 8, "text", seed=1)
    assert (config.qubits, config.input_dim, config.modalities, config.seed) == (4, 8, ("text",), 9)
    with pytest.raises(ConfigError, match="unknown key 'qubit'"):
        searched_heads.config("qbec:qubit=4", 8, "text", seed=1)
