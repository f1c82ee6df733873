"""Trained layers on stored token states equal the whole model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel, MPNetConfig, MPNetModel

from qlatent.errors import InputError
from qlatent.training.retrieval.configs import RetrievalTrainingConfig
from qlatent.training.retrieval.readers import TextLayers, TokenStates, learning, pieces, token_states

SHAPE = {"vocab_size": 40, "max_position_embeddings": 32}
WIDE = {"hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "intermediate_size": 24}
TOKENS = [[2, *range(5, 5 + length), 3] for length in (4, 1, 9, 4, 6)]


def model(kind: str) -> Any:
    torch.manual_seed(0)
    made = {
        "bert": lambda: BertModel(BertConfig(**SHAPE, **WIDE, initializer_range=0.3)),
        "mpnet": lambda: MPNetModel(MPNetConfig(**SHAPE, **WIDE, initializer_range=0.3)),
        "distilbert": lambda: DistilBertModel(
            DistilBertConfig(**SHAPE, dim=16, n_layers=4, n_heads=2, hidden_dim=24, initializer_range=0.3)
        ),
    }[kind]()
    return made.eval()


def alone(whole: Any, tokens: list[int]) -> torch.Tensor:
    """One text without padding: the mean of the last layer's outputs."""
    return whole(input_ids=torch.tensor([tokens])).last_hidden_state[0].mean(dim=0)


def states(whole: Any, layer: int) -> TokenStates:
    ends = np.cumsum([len(each) for each in TOKENS])
    out = np.empty((ends[-1], 16), dtype=np.float32)
    token_states(whole, TOKENS, layer, out)
    return TokenStates(out, ends)


@pytest.mark.parametrize("kind", ["bert", "mpnet", "distilbert"])
@pytest.mark.parametrize("layers", [1, 2, 4])
def test_stored_token_states_do_not_change_the_vectors(kind: str, layers: int) -> None:
    whole = model(kind)
    expected = torch.stack([alone(whole, each) for each in TOKENS]).detach()
    config = RetrievalTrainingConfig(unfreeze="last", layers=layers)
    reader = TextLayers(whole, TOKENS, config, states=states(whole, 4 - layers))
    order = np.array([3, 0, 2, 1, 4])
    np.testing.assert_allclose(reader.read(order).detach(), expected[order], atol=2e-6)


def test_many_texts_keep_their_order() -> None:
    """Texts pass through the model in parts, sorted by length."""
    whole = model("bert")
    random = np.random.default_rng(0)
    tokens = [[2, *random.integers(5, 40, size=random.integers(1, 25)).tolist(), 3] for _ in range(70)]
    reader = TextLayers(whole, tokens, RetrievalTrainingConfig(unfreeze="last"))
    order = random.permutation(70)
    expected = torch.stack([alone(whole, tokens[each]) for each in order]).detach()
    np.testing.assert_allclose(reader.read(order).detach(), expected, atol=2e-6)


def test_gradients_of_the_last_layers_are_those_of_the_whole_model() -> None:
    whole = model("bert")
    config = RetrievalTrainingConfig(unfreeze="last", layers=2)
    reader = TextLayers(whole, TOKENS, config, states=states(whole, 2))
    weight = torch.linspace(-1, 1, 16)
    (reader.read(np.arange(5)) @ weight).square().sum().backward()
    got = [each.grad.clone() for each in reader.learned.parameters()]
    whole.zero_grad()
    (torch.stack([alone(whole, each) for each in TOKENS]) @ weight).square().sum().backward()
    for mine, theirs in zip(got, (each.grad for each in reader.learned.parameters()), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-4, rtol=1e-4)
    assert all(each.grad is None for each in whole.embeddings.parameters())


def test_the_published_choice_is_the_first_and_the_last_three() -> None:
    assert learning(6, RetrievalTrainingConfig(unfreeze="published")) == [0, 3, 4, 5]
    assert learning(6, RetrievalTrainingConfig(unfreeze="last", layers=2)) == [4, 5]
    whole = model("bert")
    reader = TextLayers(whole, TOKENS, RetrievalTrainingConfig(unfreeze="published"))
    reader.read(np.arange(5)).sum().backward()
    moved = [any(each.grad is not None for each in layer.parameters()) for layer in whole.encoder.layer]
    assert moved == [True] * 4  # of four layers: 0, 1, 2, 3
    assert all(each.grad is None for each in whole.embeddings.parameters())


def test_more_layers_than_there_are_and_other_models_are_refused() -> None:
    with pytest.raises(InputError, match="Cannot train 5 layers; the text model has 4"):
        learning(4, RetrievalTrainingConfig(unfreeze="last", layers=5))
    with pytest.raises(InputError, match="Linear has no stack of encoder layers"):
        TextLayers(torch.nn.Linear(2, 2), TOKENS, RetrievalTrainingConfig(unfreeze="last"))


def test_pieces_hold_every_text_once_and_few_tokens() -> None:
    lengths = np.random.default_rng(0).integers(1, 600, size=200)
    positions = np.random.default_rng(1).permutation(200)
    parts = list(pieces(lengths[positions], positions))
    assert sorted(np.concatenate([part for _, part in parts]).tolist()) == list(range(200))
    assert all((positions[places] == part).all() for places, part in parts)
    assert max(len(part) * lengths[part].max() for _, part in parts) <= 8192
    assert len(parts) < 20


def test_the_trained_model_is_saved_whole(tmp_path: Path) -> None:
    class Tokenizer:
        def save_pretrained(self, path: Path) -> None:
            (path / "tokenizer.json").write_text("{}")

    whole = model("bert")
    reader = TextLayers(
        whole,
        TOKENS,
        RetrievalTrainingConfig(unfreeze="last"),
        states=states(whole, 3),
        tokenizer=Tokenizer(),
    )
    with torch.no_grad():
        next(iter(reader.learned.parameters())).add_(0.5)
    reader.save(tmp_path / "encoder")
    read = BertModel.from_pretrained(tmp_path / "encoder").eval()
    np.testing.assert_allclose(
        reader.read(np.array([2])).detach()[0], alone(read, TOKENS[2]).detach(), atol=2e-6
    )
