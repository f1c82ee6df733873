"""What a head sees of items: stored vectors, or a text model some of whose layers learn."""

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

TOKENS = 8192  # in a batch where nothing is learned
TOGETHER = 24  # texts that are padded to one length where something is
PUBLISHED_LAST = 3  # layers that the published code trains beside the first: its loop takes 0, -1, -2, -3


class Reader(Protocol):
    """Vectors of items by their positions."""

    learned: nn.ModuleList  # what of it is trained

    def read(self, positions: Rows) -> Tensor:
        """Vectors (m, d) of items, with gradients where something learns."""

    def parts(self, positions: Rows) -> Iterator[tuple[Rows, Rows]]:
        """Places among `positions` and the positions there, in pieces that fit into memory."""


class StoredVectors:
    """Vectors (n, d) that stay as they are."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.learned = nn.ModuleList()
        self._vectors = torch.from_numpy(vectors)

    def read(self, positions: Rows) -> Tensor:
        """The vectors (m, d) of these positions."""
        return self._vectors[torch.from_numpy(positions)]

    def parts(self, positions: Rows) -> Iterator[tuple[Rows, Rows]]:
        """All at once: they are in memory already."""
        yield np.arange(len(positions)), positions


class TokenStates:
    """Outputs of layers that do not learn, for every token of every text: taken once, used in every step.

    `values` (tokens, d) float32 of all texts in a row; text i has `ends[i-1]` to `ends[i]`.
    """

    def __init__(self, values: NDArray[np.float32], ends: NDArray[np.int64]) -> None:
        self.values, self.ends = values, ends

    def of(self, position: int) -> Tensor:
        """(tokens, d) of one text, a copy."""
        start = self.ends[position - 1] if position else 0
        return torch.from_numpy(np.array(self.values[start : self.ends[position]]))


class TextLayers:
    """A transformers encoder whose last (or published) layers learn; mean over the tokens, as the text encoder has it.

    With `states` only the layers that learn are computed, on top of stored outputs of those below. Layers that do not
    learn have no dropout.
    """

    def __init__(
        self, model: Any, tokens: Sequence[Sequence[int]], config: RetrievalTrainingConfig, *,
        states: TokenStates | None = None, tokenizer: Any = None,
    ) -> None:  # fmt: skip
        """`tokens` are those of each text with the model's own first and last; `states` only for "last"."""
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
        """The vectors (m, d) of these texts; texts of about the same length go together, to pad little."""
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
        return {"input_ids": pad_sequence(ids, batch_first=True)}  # what stands behind the end is masked

    def parts(self, positions: Rows) -> Iterator[tuple[Rows, Rows]]:
        """Texts of about the same length together."""
        yield from pieces(self._lengths[positions], positions)

    def save(self, path: Path) -> None:
        """Write the whole model as it is now, with its tokenizer, as transformers reads it."""
        self._whole.save_pretrained(path)
        self._tokenizer.save_pretrained(path)


class Given(nn.Module):
    """Stands where a model embeds its tokens, and hands on what it is given instead."""

    def forward(self, *args: Any, **named: Any) -> Tensor:
        """The only argument that is made of floats, (m, t, d): models differ in how they name and place it."""
        given = [
            each for each in (*args, *named.values()) if isinstance(each, Tensor) and each.is_floating_point()
        ]
        found: Tensor
        (found,) = given
        return found


def learning(count: int, config: RetrievalTrainingConfig) -> list[int]:
    """Which of `count` layers learn, ascending; more than there are is an `InputError`."""
    wanted = config.layers if config.unfreeze == "last" else PUBLISHED_LAST + 1
    if wanted > count:
        raise InputError(
            f"{wanted} layers are to learn, and the text model has {count}.", remedy=f"Use {count} or fewer."
        )
    if config.unfreeze == "published":
        return [0, *range(count - PUBLISHED_LAST, count)]
    return list(range(count - wanted, count))


def layers_of(model: nn.Module) -> nn.ModuleList:
    """The layers of a transformers encoder; a model without them is an `InputError`."""
    return _stack(model)[1]


def _stack(model: nn.Module) -> tuple[list[str], nn.ModuleList]:
    """The names that lead to the layers, and the layers: one for each that the model's config counts."""
    wanted = getattr(getattr(model, "config", None), "num_hidden_layers", None)
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == wanted and hasattr(model, "embeddings"):
            return name.split("."), module
    raise InputError(
        f"{type(model).__name__} is no encoder whose layers can be trained one by one.",
        remedy="Use a BERT-like text model, such as all-MiniLM-L6-v2.",
    )


def below(model: nn.Module, layer: int) -> Any:
    """The same model up to `layer`, sharing its weights: its last hidden states are what `layer` is given."""
    return _cut(model, slice(0, layer))


def above(model: nn.Module, layer: int) -> Any:
    """The same model from `layer` on, sharing its weights: it takes `inputs_embeds` for that layer's input."""
    found = _cut(model, slice(layer, None))
    found.embeddings = Given()
    return found


def _cut(model: nn.Module, kept: slice) -> Any:
    """A copy of what leads to the layers, with some of them; nothing else is copied."""
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
    """Fills `out` (tokens of all texts, d) with what `layer` is given for every text."""
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
    """Places and positions by length, at most about `TOKENS` padded tokens at a time."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in _ends(lengths[order].tolist()):
        yield order[start:end], positions[order[start:end]]
        start = end


def _ends(lengths: Iterable[int]) -> Iterator[int]:
    count, end = 0, 0
    for end, longest in enumerate(lengths):  # ascending: the newest is the longest
        if count and (count + 1) * longest > TOKENS:
            yield end
            count = 0
        count += 1
    if count:
        yield end + 1
