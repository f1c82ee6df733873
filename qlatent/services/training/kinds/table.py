"""The kinds of training, by what they learn from. Torch-free."""

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
    """The source that a word names, older spellings included; else a `ConfigError` that lists them."""
    found = spellings.current("spec", {"source": word})["source"]
    for source in KINDS:
        if source == found:
            return source
    raise ConfigError(f"There is no training from {word!r}.", remedy=f"Use one of {', '.join(KINDS)}.")


def kind_of(spec: TrainSpec) -> TrainingKind:
    """The kind of training that a spec asks for."""
    return KINDS[spec.source]


def run_configs(spec: TrainSpec) -> RunConfigs:
    """The three configs of a training run, as they were when it was created."""
    return configs_of(spec, kind_of(spec).config)
