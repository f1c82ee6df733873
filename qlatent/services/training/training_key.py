"""What two runs have in common if they train the very same. Torch-free."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import lru_cache

from qlatent.errors import QlatentError
from qlatent.services.runs.specs import TrainSpec, read_training
from qlatent.services.training.kinds.base import documented
from qlatent.services.training.kinds.table import run_configs

FIELDS = {
    "dataset", "dataset_version", "source", "encoder", "modalities", "head", "weights", "judgements",
    "objective", "configs",
}  # fmt: skip


def training_key(spec: TrainSpec) -> str:
    """Equal for two specs with equal data, head, objective and settings."""
    return _filled(json.dumps(spec.document() | {"id": "", "name": "", "created": 0.0}, sort_keys=True))


@lru_cache(maxsize=4096)
def _filled(text: str) -> str:
    """The fields that decide, with defaults for settings newer than the run; unreadable settings as they are."""
    document = json.loads(text)
    with suppress(QlatentError, KeyError):
        document["configs"] = documented(run_configs(read_training(document))).model_dump(mode="json")
    return json.dumps({name: document[name] for name in sorted(FIELDS & set(document))}, sort_keys=True)
