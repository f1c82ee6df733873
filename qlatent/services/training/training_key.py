"""What two runs have in common if they train the very same, as a key that the run index keeps. Torch-free."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import qlatent
from qlatent.errors import QlatentError, StoreError
from qlatent.services.runs.listing import RunView
from qlatent.services.runs.specs import BaseTraining, TrainSpec, read_training
from qlatent.services.training.kinds.base import documented
from qlatent.services.training.kinds.table import run_configs
from qlatent.store.workspace import Workspace

PACKAGE = Path(qlatent.__file__).parent
FIELDS = {
    "dataset", "dataset_version", "source", "encoder", "modalities", "head", "weights", "judgements",
    "objective", "configs",
}  # fmt: skip


def training_key(spec: TrainSpec) -> str:
    """Equal for two specs with equal data, head, objective and settings, as long as the code is the same."""
    return _digested(json.dumps(spec.document() | {"id": "", "name": "", "created": 0.0}, sort_keys=True))


def training_keys(workspace: Workspace, runs: Sequence[RunView]) -> list[str]:
    """The key of each of these trainings, from the run index where other code has not made it; "" where unreadable."""
    made = {
        run.id: training_key(run.spec)
        for run in runs
        if not run.training_key.startswith(_code()) and isinstance(run.spec, BaseTraining)
    }
    if made and not workspace.catalogue.problem:
        with suppress(StoreError):  # made again the next time
            workspace.catalogue.run_index.write_keys(made)
    return [made.get(run.id, run.training_key) for run in runs]


@lru_cache(maxsize=1)
def _code() -> str:
    """Eight digits that change with the package: a new setting, or a new reading of old ones, makes other keys."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


@lru_cache(maxsize=4096)
def _digested(text: str) -> str:
    """A digest of the fields that decide, with defaults for settings newer than the run.

    Settings that cannot be read count as they are.
    """
    document = json.loads(text)
    with suppress(QlatentError, KeyError):
        document["configs"] = documented(run_configs(read_training(document))).model_dump(mode="json")
    deciding = json.dumps({name: document[name] for name in sorted(FIELDS & set(document))}, sort_keys=True)
    return f"{_code()}-{hashlib.sha256(deciding.encode()).hexdigest()[:32]}"
