"""The kinds of training by source: vectors, images or retrieval. Torch-free."""

from __future__ import annotations

from qlatent import spellings
from qlatent.errors import ConfigError
from qlatent.services.runs.specs import Source, TrainSpec
from qlatent.services.training.kinds.base import TrainingKind, configs_of
from qlatent.services.training.kinds.images.kind import TrainingFromImages
from qlatent.services.training.kinds.retrieval.kind import TrainingForRetrieval
from qlatent.services.training.kinds.vectors.kind import TrainingOnVectors
from qlatent.training.core.configs import RunConfigs

KINDS: dict[Source, TrainingKind] = {
    each.source: each for each in (TrainingOnVectors(), TrainingFromImages(), TrainingForRetrieval())
}


def source_named(word: str) -> Source:
    """The source of this name, older spellings included; an unknown name raises `ConfigError`."""
    found = spellings.current("spec", {"source": word})["source"]
    for source in KINDS:
        if source == found:
            return source
    raise ConfigError(f"Unknown kind of training {word!r}.", remedy=f"Use one of {', '.join(KINDS)}.")


def kind_of(spec: TrainSpec) -> TrainingKind:
    """The kind of training of a spec."""
    return KINDS[spec.source]


def run_configs(spec: TrainSpec) -> RunConfigs:
    """The configs of a training run, as of its creation."""
    return configs_of(spec, kind_of(spec).config)
