"""Learn the scores of a queue anew as decisions arrive, in a process beside the app: no decision waits for it.

A request returns at once. While one is carried out, further ones of the same queue become one, which reads the
decisions when it begins. Scores are a file of the workspace, so that every process of the app has the same.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import asdict, dataclass

import numpy as np

from qlatent.companion import Companion
from qlatent.errors import QlatentError
from qlatent.services.triage import simulations
from qlatent.services.triage.scores import DecidedItem, Parts, Share
from qlatent.services.triage.signals import Basis
from qlatent.store.workspace import Workspace
from qlatent.triage.ordering import Signals
from qlatent.triage.scoring import Risk

PATIENCE = 600.0  # seconds; comparing 20,000 items takes a minute
_log = logging.getLogger(__name__)
_companion = Companion(
    "qlatent.services.triage.scoring_worker", name="the scores of queues", patience=PATIENCE
)
_lock = threading.Lock()
_waiting: dict[tuple[str, str], dict[str, object]] = {}  # workspace and queue → the next request
_busy: set[tuple[str, str]] = set()


@dataclass(frozen=True, eq=False)
class Learned:
    """The latest scores of a queue, of all n items of its dataset in row order, and what they were learned from."""

    risk: Risk  # NaN before the first bad item
    signals: Signals  # for any order of `ordering.ORDERS`
    bad: int
    good: int
    presumed: int  # undecided items that stood for good ones
    calibrated: bool


def learn_soon(workspace: Workspace, queue: str, basis: Basis, *, seed: int = 0) -> None:
    """Have the scores of a queue learned from its decisions, and return at once; an error is logged."""
    key = (str(workspace.path), queue)
    with _lock:
        _waiting[key] = {"path": key[0], "queue": queue, "basis": asdict(basis), "seed": seed}
        if key in _busy:
            return
        _busy.add(key)
    threading.Thread(target=_serve, args=(key,), name=f"scores of {queue}", daemon=True).start()


def is_learning(workspace: Workspace, queue: str) -> bool:
    """Whether a request is waiting or being carried out by this process."""
    return (str(workspace.path), queue) in _busy


def learn_now(workspace: Workspace, queue: str, basis: Basis, *, seed: int = 0) -> Learned:
    """Learn in this process, for a command that ends afterwards; errors of `signals.evidence`."""
    from qlatent.services.triage.scoring_work import TASKS

    TASKS["learn"](path=str(workspace.path), queue=queue, basis=asdict(basis), seed=seed)
    found = latest(workspace, queue)
    assert found is not None
    return found


def latest(workspace: Workspace, queue: str) -> Learned | None:
    """The scores of a queue as they were learned last; None before."""
    try:
        with np.load(workspace.scores(queue), allow_pickle=False) as file:
            found = {name: file[name] for name in file.files}
    except FileNotFoundError:
        return None
    bad, good, presumed = map(int, found["counts"])
    beside = {
        name: found.get(name)
        for name in ("uncertainty", "disagreement", "cluster", "duplicates", "column", "date")
    }
    return Learned(
        Risk(found["risk"], found["low"], found["high"]), Signals(len(found["risk"]), found["risk"], **beside),
        bad, good, presumed, bool(found["calibrated"]),
    )  # fmt: skip


def parts(workspace: Workspace, queue: str, basis: Basis, *, row: int, seed: int = 0) -> Parts | None:
    """What the score of one row is made of, by the decisions so far; None before the first bad item.

    It waits while the scores are learned.
    """
    asked = {
        "path": str(workspace.path),
        "queue": queue,
        "basis": asdict(basis),
        "seed": seed,
        "row": int(row),
    }
    found = _companion.ask("parts", asked)
    if found is None:
        return None
    columns = tuple(Share(**each) for each in found.pop("columns"))
    nearest = tuple(DecidedItem(**each) for each in found.pop("nearest"))
    return Parts(**found, columns=columns, nearest=nearest)


def decided(workspace: Workspace, queue: str) -> tuple[int, int]:
    """How many items of a queue are decided as bad and as good, to be compared with what `latest` has learned from."""
    _, labels = simulations.decisions_of(workspace, queue)
    return int((labels == 1).sum()), int((labels == 0).sum())


def _serve(key: tuple[str, str]) -> None:
    while True:
        with _lock:
            request = _waiting.pop(key, None)
            if request is None:
                _busy.discard(key)
                return
        try:
            _companion.ask("learn", request)
        except (QlatentError, RuntimeError) as err:
            _log.warning("The scores of queue %s were not learned: %s", key[1], err)
