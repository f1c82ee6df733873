"""Compute the key that identifies identical trainings; the run index caches it. Torch-free."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import qlatent
from qlatent.errors import QlatentError, StoreError
from qlatent.services.runs.listing import RunSummary
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
    """A key that is equal for specs with equal data, head, objective and settings under the same code."""
    return _digested(json.dumps(spec.document() | {"id": "", "name": "", "created": 0.0}, sort_keys=True))


def training_keys(workspace: Workspace, runs: Sequence[RunSummary]) -> list[str]:
    """The key of each training, from the run index if the present code computed it; "" for an unreadable spec."""
    made = {
        run.id: training_key(run.spec)
        for run in runs
        if not run.training_key.startswith(_code()) and isinstance(run.spec, BaseTraining)
    }
    if made and not workspace.catalogue.problem:
        with suppress(StoreError):  # computed again the next time
            workspace.catalogue.run_index.write_keys(made)
    return [made.get(run.id, run.training_key) for run in runs]


@lru_cache(maxsize=1)
def _code() -> str:
    """Eight hex digits of a hash of the package's code, so that new settings or new readings change the keys."""
    digest = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


@lru_cache(maxsize=4096)
def _digested(text: str) -> str:
    """A digest of the determining fields, with defaults for settings newer than the run.

    Unreadable settings are used unchanged.
    """
    document = json.loads(text)
    with suppress(QlatentError, KeyError):
        document["configs"] = documented(run_configs(read_training(document))).model_dump(mode="json")
    deciding = json.dumps({name: document[name] for name in sorted(FIELDS & set(document))}, sort_keys=True)
    return f"{_code()}-{hashlib.sha256(deciding.encode()).hexdigest()[:32]}"
