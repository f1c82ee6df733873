"""Build and check the spec of a training for retrieval. Torch-free."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from qlatent.errors import ConfigError, InputError, StoreError
from qlatent.ingest.judgements.files import Judgements, read_judgements
from qlatent.registry import entry
from qlatent.services.datasets import grouping
from qlatent.services.runs.specs import RetrievalTraining
from qlatent.services.training.kinds.base import documented
from qlatent.services.training.request import TrainingRequest
from qlatent.services.vectors import stored
from qlatent.settings import settings
from qlatent.store.disk import json_bytes, write_atomically
from qlatent.store.workspace import Workspace
from qlatent.training.core.configs import RunConfigs, split_settings
from qlatent.training.core.rows import labels_of
from qlatent.training.retrieval.configs import RetrievalTrainingConfig
from qlatent.training.retrieval.data import RetrievalData, by_judgements, by_labels
from qlatent.training.vectors.data import FEWEST
from qlatent.types import content_hash

OBJECTIVE = "ranking"
OF_FIDELITY = ("fidelity", "log_fidelity")


@dataclass(frozen=True)
class Items:
    """The items of a run: rows of a dataset that have a vector or a text, in order."""

    table: pa.Table
    data: RetrievalData


def spec(
    workspace: Workspace, request: TrainingRequest, *, widths: Mapping[str, int] | None = None
) -> RetrievalTraining:
    """The spec of a retrieval training by labels or judgements, on stored vectors or end to end (`unfreeze`).

    Raises `QlatentError` for an objective other than ranking, wrong settings, a missing text model, no vectors or
    texts, and fewer than 2 queries with an answer. With `widths` of the encoder's vectors, the items are not read
    again: a spec on the same items was checked before.
    """
    configs, key, modality = _configs(workspace, request, widths)
    record = workspace.catalogue.dataset(request.dataset)
    judgements = keep(workspace, read_judgements(request.judgements)) if request.judgements else ""
    title = entry("head", request.head).title
    found = RetrievalTraining(
        name=request.name or f"{title} for retrieval in {record.name}",
        created=time.time(),
        dataset=request.dataset,
        dataset_version=workspace.items.version(request.dataset),
        encoder=key,
        judgements=judgements,
        modalities=(modality,),
        head=request.head,
        objective=request.objective,
        settings=dict(request.settings),
        configs=documented(configs),
        threads=settings().threads if configs.training.end_to_end else 1,
        device=settings().device,
    )
    if widths is None:
        items(workspace, found, configs.training)
    return found


def items(workspace: Workspace, spec: RetrievalTraining, config: RetrievalTrainingConfig) -> Items:
    """The items of a run and their split, as of its creation."""
    (modality,) = spec.modalities
    column = "text_hash" if config.end_to_end else stored.hash_column(spec.encoder, modality)
    table = workspace.items.table(
        spec.dataset,
        columns=["row", "id", "text", "label", "split", column],
        version=spec.dataset_version,
    ).rename_columns(["row", "id", "text", "label", "split", "content"])
    table = table.filter(table["content"].is_valid())
    if not config.end_to_end:
        missing = set(workspace.items.missing(spec.encoder, modality, table["content"].unique().to_pylist()))
        table = table.filter(
            pa.array([each not in missing for each in table["content"].to_pylist()], pa.bool_())
        )
    if table.num_rows < FEWEST:
        what = "texts" if config.end_to_end else f"{modality} vectors"
        raise InputError(
            f"{spec.dataset!r} has {table.num_rows} items with {what}; training needs {FEWEST}.",
            remedy="Import more items, or encode the dataset first.",
        )
    rows = table["row"].to_numpy().astype(np.int64)
    known = labels_of(
        {name: table[name].to_pylist() for name in ("content", "split", "label")},
        content="content",
        group=grouping.groups(workspace, spec.dataset, spec.dataset_version, config)[rows],
    )
    if not spec.judgements:
        return Items(table, by_labels(rows, known, config))
    gains = kept(workspace, spec.judgements)
    return Items(table, by_judgements(rows, _names(table), known, gains, config))


def _names(table: pa.Table) -> dict[str, int]:
    """Positions by name, an id or a full text; ids take precedence, then earlier items."""
    texts = [text or "" for text in table["text"].to_pylist()]
    found = {text: place for place, text in reversed(list(enumerate(texts))) if text}
    return found | {name: place for place, name in enumerate(table["id"].to_pylist())}


def keep(workspace: Workspace, judgements: Judgements) -> str:
    """Save judgements in the workspace under a name derived from their content; returns the name."""
    content = json_bytes(judgements.gains)
    name = content_hash(content.decode())
    path = workspace.judgements(name)
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, content)  # even if it exists: its modification time marks it as in use
    return name


def kept(workspace: Workspace, name: str) -> dict[str, dict[str, float]]:
    """The saved judgements of this name; missing judgements raise `StoreError`."""
    try:
        found: dict[str, dict[str, float]] = json.loads(workspace.judgements(name).read_bytes())
    except (OSError, ValueError) as err:
        raise StoreError(
            f"The judgements {name} of this run cannot be read.",
            remedy="Start a new run with the judgements file.",
        ) from err
    return found


def _configs(
    workspace: Workspace, request: TrainingRequest, widths: Mapping[str, int] | None
) -> tuple[RunConfigs, str, str]:
    """The configs with the head's input width set, the vectors' encoder key ("" end to end) and the modality."""
    if request.objective != OBJECTIVE:
        raise ConfigError(
            f"The objective {request.objective!r} cannot be trained for retrieval.",
            remedy=f"Use {OBJECTIVE}.",
        )
    asked = split_settings(
        request.head, request.objective, request.settings, training=RetrievalTrainingConfig
    )
    if asked.objective.logits in OF_FIDELITY and asked.head.distance != "log_fidelity":
        raise ConfigError(
            f"Got logits={asked.objective.logits!r}, but latents of the head {request.head!r} have no fidelity.",
            remedy="Use logits=own or cosine, or a head with fidelity, such as qbec.",
        )
    key, modality = "", "text"
    if asked.training.end_to_end:
        width = _model_width(asked.training.model, asked.training)
    else:
        key = request.encoder_key or stored.choose(workspace, request.dataset)
        widths = widths or stored.widths(workspace, request.dataset, key)
        wanted = request.settings.get("modalities")
        modality = str(wanted[0]) if wanted else "text" if "text" in widths else next(iter(widths))
        if modality not in widths or (wanted and len(wanted) > 1):
            raise ConfigError(
                f"Got modalities={wanted!r}; retrieval needs one of the vectors' modalities: {', '.join(widths)}.",
                remedy="Choose one modality. To rank the texts of images, train on vectors with the objective ranking.",
            )
        width = widths[modality]
    values = {**request.settings, "modalities": (modality,), "input_dim": width}
    if request.settings.get("input_dim", width) != width:
        raise ConfigError(
            f"Got input_dim={request.settings['input_dim']}, but the vectors have width {width}.",
            remedy="Leave input_dim out.",
        )
    return (
        split_settings(request.head, request.objective, values, training=RetrievalTrainingConfig),
        key,
        modality,
    )


def _model_width(name: str, config: RetrievalTrainingConfig) -> int:
    """The width of a text model's vectors; a missing model, or one with too few layers, raises `QlatentError`."""
    if not name:
        raise ConfigError(
            f"unfreeze={config.unfreeze!r} needs a text model, but model is empty.",
            remedy="Set `model` to a folder or an id, such as sentence-transformers/all-MiniLM-L6-v2.",
        )
    from qlatent.encoders.text import open_config  # imports transformers
    from qlatent.training.retrieval.readers import learning

    found = open_config(name)
    learning(int(found.num_hidden_layers), config)
    return int(found.hidden_size)
