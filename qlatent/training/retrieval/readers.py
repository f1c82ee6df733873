"""Provide a head's inputs: stored vectors, or the outputs of a partly trained text model."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from qlatent.encoders.text import masked_mean
from qlatent.errors import InputError
from qlatent.training.core.rows import Rows
from qlatent.training.retrieval.configs import RetrievalTrainingConfig

TOKENS = 8192  # in a batch without gradients
TOGETHER = 24  # texts padded to one length in a batch with gradients
PUBLISHED_LAST = 3  # the published code trains layers 0, -1, -2, -3


class Reader(Protocol):
    """Reads the vectors of items by position."""

    learned: nn.ModuleList  # the trained layers

    def read(self, positions: Rows) -> Tensor:
        """Vectors (m, d) of items, with gradients where layers are trained."""

    def parts(self, positions: Rows) -> Iterator[tuple[Rows, Rows]]:
        """Pairs of indices into `positions` and the positions there, in pieces that fit into memory."""


class StoredVectors:
    """Reads fixed vectors (n, d)."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.learned = nn.ModuleList()
        self._vectors = torch.from_numpy(vectors)

    def read(self, positions: Rows) -> Tensor:
        """The vectors (m, d) of these positions."""
        return self._vectors[torch.from_numpy(positions)]

    def parts(self, positions: Rows) -> Iterator[tuple[Rows, Rows]]:
        """All positions in one piece, since the vectors are in memory."""
        yield np.arange(len(positions)), positions


class TokenStates:
    """Outputs of the frozen layers for every token of every text: computed once, used in every step.

    `values` (tokens, d) float32 holds all texts one after the other; text i is `ends[i-1]` to `ends[i]`.
    """

    def __init__(self, values: NDArray[np.float32], ends: NDArray[np.int64]) -> None:
        self.values, self.ends = values, ends

    def of(self, position: int) -> Tensor:
        """A copy of the token states (tokens, d) of one text."""
        start = self.ends[position - 1] if position else 0
        return torch.from_numpy(np.array(self.values[start : self.ends[position]]))


class TextLayers:
    """A transformers encoder whose last (or published) layers are trained, with mean pooling as in the text encoder.

    With `states`, only the trained layers are computed, on stored outputs of the layers below. Frozen layers have no
    dropout.
    """

    def __init__(
        self, model: Any, tokens: Sequence[Sequence[int]], config: RetrievalTrainingConfig, *,
        states: TokenStates | None = None, tokenizer: Any = None,
    ) -> None:  # fmt: skip
        """`tokens` are the token ids of each text, special tokens included; `states` is for `unfreeze="last"` only."""
        stack = layers_of(model)
        chosen = learning(len(stack), config)
        model.requires_grad_(False).eval()
        self.learned = nn.ModuleList(stack[number] for number in chosen)
        self.learned.requires_grad_(True)
        self._tokens, self._states = tokens, states
        self._lengths = np.array([len(each) for each in tokens], dtype=np.int64)
        self._whole, self._tokenizer = model, tokenizer
        self._model = model if states is None else above(model, chosen[0])

    def read(self, positions: Rows) -> Tensor:
        """The vectors (m, d) of these texts; texts of similar length are batched together to limit padding."""
        order = np.argsort(self._lengths[positions], kind="stable")
        parts = [self._read(positions[part]) for part in np.array_split(order, -(-len(order) // TOGETHER))]
        found: Tensor = torch.cat(parts)[torch.from_numpy(np.argsort(order))]
        return found

    def _read(self, positions: Rows) -> Tensor:
        lengths = torch.from_numpy(self._lengths[positions])
        mask = (torch.arange(int(lengths.max()))[None] < lengths[:, None]).long()  # (m, t)
        hidden = self._model(attention_mask=mask, **self._inputs(positions)).last_hidden_state
        return masked_mean(hidden, mask)

    def _inputs(self, positions: Rows) -> dict[str, Tensor]:
        if self._states is not None:
            states = [self._states.of(each) for each in positions.tolist()]
            return {"inputs_embeds": pad_sequence(states, batch_first=True)}
        ids = [torch.tensor(self._tokens[each]) for each in positions.tolist()]
        return {"input_ids": pad_sequence(ids, batch_first=True)}  # padding is masked

    def parts(self, positions: Rows) -> Iterator[tuple[Rows, Rows]]:
        """Pieces of texts of similar length."""
        yield from pieces(self._lengths[positions], positions)

    def save(self, path: Path) -> None:
        """Write the whole model with its tokenizer in the format of transformers."""
        self._whole.save_pretrained(path)
        self._tokenizer.save_pretrained(path)


class Given(nn.Module):
    """Replaces a model's token embedding and passes given states through."""

    def forward(self, *args: Any, **named: Any) -> Tensor:
        """The only floating-point argument, (m, t, d); models differ in its name and position."""
        given = [
            each for each in (*args, *named.values()) if isinstance(each, Tensor) and each.is_floating_point()
        ]
        found: Tensor
        (found,) = given
        return found


def learning(count: int, config: RetrievalTrainingConfig) -> list[int]:
    """Indices of the trained layers among `count`, ascending; more than `count` raise `InputError`."""
    wanted = config.layers if config.unfreeze == "last" else PUBLISHED_LAST + 1
    if wanted > count:
        raise InputError(
            f"Cannot train {wanted} layers; the text model has {count}.", remedy=f"Use {count} or fewer."
        )
    if config.unfreeze == "published":
        return [0, *range(count - PUBLISHED_LAST, count)]
    return list(range(count - wanted, count))


def layers_of(model: nn.Module) -> nn.ModuleList:
    """The layers of a transformers encoder; a model without layers raises `InputError`."""
    return _stack(model)[1]


def _stack(model: nn.Module) -> tuple[list[str], nn.ModuleList]:
    """The attribute path to the layers, and the layers: as many as the model's config counts."""
    wanted = getattr(getattr(model, "config", None), "num_hidden_layers", None)
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == wanted and hasattr(model, "embeddings"):
            return name.split("."), module
    raise InputError(
        f"{type(model).__name__} has no stack of encoder layers that can be trained separately.",
        remedy="Use a BERT-like text model, such as all-MiniLM-L6-v2.",
    )


def below(model: nn.Module, layer: int) -> Any:
    """The model below `layer`, sharing its weights: its last hidden states are the inputs of `layer`."""
    return _cut(model, slice(0, layer))


def above(model: nn.Module, layer: int) -> Any:
    """The model from `layer` on, sharing its weights: it takes `inputs_embeds` as that layer's input."""
    found = _cut(model, slice(layer, None))
    found.embeddings = Given()
    return found


def _cut(model: nn.Module, kept: slice) -> Any:
    """A shallow copy of the model with only the `kept` layers; weights are shared."""
    names, stack = _stack(model)
    found = parent = _shallow(model)
    for name in names[:-1]:
        child = _shallow(getattr(parent, name))
        setattr(parent, name, child)
        parent = child
    setattr(parent, names[-1], stack[kept])
    return found


def _shallow(module: nn.Module) -> nn.Module:
    found = copy.copy(module)
    found._modules = dict(module._modules)
    return found


@torch.no_grad()
def token_states(model: Any, tokens: Sequence[Sequence[int]], layer: int, out: NDArray[np.float32]) -> None:
    """Fill `out` (tokens of all texts, d) with the inputs of `layer` for every text."""
    lower = below(model, layer).eval()
    lengths = np.array([len(each) for each in tokens], dtype=np.int64)
    ends = lengths.cumsum()
    for _, positions in pieces(lengths, np.arange(len(tokens))):
        ids = pad_sequence([torch.tensor(tokens[each]) for each in positions.tolist()], batch_first=True)
        sizes = torch.from_numpy(lengths[positions])
        mask = (torch.arange(ids.shape[1])[None] < sizes[:, None]).long()
        hidden = lower(input_ids=ids, attention_mask=mask).last_hidden_state
        for row, position in enumerate(positions.tolist()):
            out[ends[position] - lengths[position] : ends[position]] = hidden[
                row, : lengths[position]
            ].numpy()


def pieces(lengths: NDArray[np.int64], positions: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of indices and positions, sorted by length, with at most about `TOKENS` padded tokens each."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in _ends(lengths[order].tolist()):
        yield order[start:end], positions[order[start:end]]
        start = end


def _ends(lengths: Iterable[int]) -> Iterator[int]:
    count, end = 0, 0
    for end, longest in enumerate(lengths):  # ascending, so the last text is the longest
        if count and (count + 1) * longest > TOKENS:
            yield end
            count = 0
        count += 1
    if count:
        yield end + 1
