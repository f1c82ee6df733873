"""Build the trainer of a retrieval run, compute its metrics and save its text model."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qlatent.services.runs.specs import RetrievalTraining
from qlatent.services.training.kinds.retrieval import spec as specs
from qlatent.services.training.kinds.retrieval.spec import Items
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs
from qlatent.training.retrieval.configs import RetrievalTrainingConfig
from qlatent.types import content_hash

if TYPE_CHECKING:
    from qlatent.training.retrieval.loop import RetrievalTrainer
    from qlatent.training.retrieval.readers import Reader, TokenStates

ENCODER = "encoder"  # folder of the trained text model in the run folder
MOST = (
    4 * 2**30
)  # largest cache of token states, in bytes; beyond it, frozen layers are computed in every step


def means(by_query: Mapping[str, Any]) -> dict[str, float]:
    """The mean of each metric over the queries that have an answer."""
    return {name: float(np.nanmean(values)) for name, values in by_query.items()}


def trainer(
    workspace: Workspace, spec: RetrievalTraining, configs: RunConfigs, head: Any, objective: Any
) -> RetrievalTrainer:
    """The trainer of a run at its first step."""
    from qlatent.training.retrieval.data import with_probe
    from qlatent.training.retrieval.loop import RetrievalTrainer

    found = specs.items(workspace, spec, configs.training)
    reader = _text_layers(workspace, spec, found, configs.training) if configs.training.end_to_end else None
    reader = reader or _stored(workspace, spec, found)
    made = RetrievalTrainer(head, objective, found.data, configs.training, reader)
    made.data = with_probe(found.data, {made.modality: made.inputs(found.data.drawn)})
    return made


def final_metrics(folder: RunFolder, trainer: RetrievalTrainer) -> dict[str, float]:
    """Mean retrieval metrics of all held-out queries, and the numbers of queries and documents.

    The metrics of each query are saved with its dataset row, since heads are compared by query.
    """
    data = trainer.data
    counts = data.counts
    if not data.heldout_pairs:
        return counts
    by_query = trainer.by_query()
    folder.write_queries({"rows": data.rows[data.heldout], **by_query})
    return {**trainer.evaluate(), **means(by_query), **counts}


def save_encoder(folder: RunFolder, trainer: RetrievalTrainer) -> str:
    """Save the text model in the format of transformers; returns the encoder key of its vectors."""
    from qlatent.encoders.configs import TextConfig
    from qlatent.encoders.text import TextEncoder

    path = folder.path / ENCODER
    opened: Any = trainer.reader
    opened.save(path)
    return TextEncoder(TextConfig(model=str(path), max_length=trainer.config.max_length)).key


def _stored(workspace: Workspace, spec: RetrievalTraining, items: Items) -> Reader:
    from qlatent.training.retrieval.readers import StoredVectors

    hashes = _of(items, "content")
    return StoredVectors(workspace.items.embeddings(spec.encoder, spec.modalities[0], hashes))


def _of(items: Items, column: str) -> list[str]:
    """A column of the used items, in order."""
    places = np.searchsorted(items.table["row"].to_numpy(), items.data.rows)
    found: list[str] = items.table[column].take(places).to_pylist()
    return found


def _text_layers(
    workspace: Workspace, spec: RetrievalTraining, items: Items, config: RetrievalTrainingConfig
) -> Reader:
    from qlatent.encoders.text import open_model, tokenized
    from qlatent.training.retrieval.readers import TextLayers, layers_of, learning

    tokenizer, model = open_model(config.model)
    tokens = tokenized(tokenizer, model, _of(items, "text"), max_length=config.max_length)
    states = None
    if config.unfreeze == "last":
        first = learning(len(layers_of(model)), config)[0]
        states = _states(workspace, model, tokens, first)
    return TextLayers(model, tokens, config, states=states, tokenizer=tokenizer)


def _states(
    workspace: Workspace, model: Any, tokens: Sequence[Sequence[int]], layer: int
) -> TokenStates | None:
    """The inputs of `layer` for each token, cached or computed; None where they exceed the cache limit."""
    from qlatent.encoders.weights import tensors_digest
    from qlatent.training.retrieval.readers import TokenStates, token_states

    ends = np.cumsum([len(each) for each in tokens])
    shape = (int(ends[-1]), int(model.config.hidden_size))
    if shape[0] * shape[1] * 4 > MOST:
        return None
    said = content_hash(" ".join(",".join(map(str, each)) for each in tokens))
    path = _cache(workspace) / f"{content_hash(f'{tensors_digest(model.state_dict())} {layer} {said}')}.npy"
    if not path.exists():
        partial = path.with_name(f"{path.stem}-{secrets.token_hex(4)}.part")
        try:
            out = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
            token_states(model, tokens, layer, out)
            out.flush()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    return TokenStates(np.load(path, mmap_mode="r"), ends)


def _cache(workspace: Workspace) -> Path:
    """The cache folder; it may be emptied at any time."""
    path = workspace.path / "cache"
    path.mkdir(exist_ok=True)
    return path
