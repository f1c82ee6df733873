"""What `retraining` asks for, in the process beside the app: arguments and results are JSON values."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.services.triage import scores, signals, simulations
from qlatent.services.triage.scores import Scores
from qlatent.services.triage.signals import Basis, Evidence
from qlatent.store.disk import write_atomically
from qlatent.store.workspace import Workspace


def _learn(path: str, queue: str, basis: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Learn from the decisions of a queue and write the scores of its dataset's items; returns how many it learned."""
    workspace = _workspace(path)
    _, found, labels = _state(workspace, queue, Basis(**basis), seed)
    model = found.model
    counted = {"bad": int((labels == 1).sum()), "good": int((labels == 0).sum())}
    buffer = io.BytesIO()
    np.savez(
        buffer, rows=np.arange(len(labels)), risk=found.risk.probability, low=found.risk.low, high=found.risk.high,
        counts=[*counted.values(), model.presumed if model else 0], calibrated=bool(model and model.calibrated),
        **{name: value for name, value in _orders(found).items() if value is not None},
    )  # fmt: skip
    file = workspace.scores(queue)
    file.parent.mkdir(exist_ok=True)
    write_atomically(file, buffer.getvalue(), durable=False)
    return counted


def _parts(path: str, queue: str, basis: Mapping[str, Any], seed: int, row: int) -> dict[str, Any] | None:
    """What the score of a row is made of, by all decisions so far."""
    evidence, found, labels = _state(_workspace(path), queue, Basis(**basis), seed)
    decided = np.flatnonzero(np.isfinite(labels))
    made = scores.parts(evidence, found, decided, labels[decided] == 1, row=row)
    return None if made is None else asdict(made)


def _orders(found: Scores) -> dict[str, Any]:
    known = found.signals
    return {
        "uncertainty": known.uncertainty, "disagreement": known.disagreement, "cluster": known.cluster,
        "duplicates": known.duplicates, "column": known.column, "date": known.date,
    }  # fmt: skip


def _state(workspace: Workspace, queue: str, basis: Basis, seed: int) -> tuple[Evidence, Scores, np.ndarray]:
    dataset, labels = simulations.decisions_of(workspace, queue)
    evidence = signals.evidence(workspace, dataset, basis)
    return evidence, _scored(evidence, labels.tobytes(), seed), labels


@lru_cache(maxsize=4)
def _scored(evidence: Evidence, decisions: bytes, seed: int) -> Scores:
    labels = np.frombuffer(decisions)
    decided = np.flatnonzero(np.isfinite(labels))
    return scores.scored(evidence, decided, labels[decided] == 1, seed=seed)


@lru_cache(maxsize=4)
def _workspace(path: str) -> Workspace:
    return Workspace.open(Path(path), create=False)


TASKS: Mapping[str, Callable[..., Any]] = {"learn": _learn, "parts": _parts}
