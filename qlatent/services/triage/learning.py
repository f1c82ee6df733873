"""Learn from the decisions of a queue: the score of each case, the order of the open ones, and what is left.

Nothing here decides. It is done in other processes: `background.learn_soon` asks for it beside the page, and
`background.learn_apart` after a command.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import QlatentError
from qlatent.services.triage import clock, orders, queues
from qlatent.services.triage.remaining import remaining
from qlatent.store import queue_scores
from qlatent.store.catalogue.records import CaseRecord, QueueRecord
from qlatent.store.claims import HeldError
from qlatent.store.workspace import Workspace
from qlatent.triage import grounds
from qlatent.types import Arrays

if TYPE_CHECKING:
    from qlatent.services.triage.signals import Evidence
    from qlatent.triage.scoring import Model

PATIENCE = 600.0  # seconds; the evidence of a million items takes minutes
GROWTH = 10  # learned again when a tenth more is decided
TOLD = 3  # columns that raise a score most
VALUES = ("risk", "low", "high", "uncertainty", "disagreement", "cluster", "duplicates")


@dataclass(frozen=True, slots=True)
class Score:
    """What a model of the decisions says of one case."""

    risk: float  # probability that it is bad
    low: float  # 95 % interval
    high: float
    uncertainty: float  # larger comes earlier in that order
    decisions: int  # that it learned from, bad and good
    calibrated: bool
    model: str  # hash of what computed it
    latents: float  # what the latents add to the logit, against the usual item
    columns: tuple[
        tuple[str, float], ...
    ]  # what raises it most beside them: title and addition, largest first

    def shown(self) -> dict[str, Any]:
        """The score as an event keeps it."""
        return {
            "score": self.risk, "low": self.low, "high": self.high, "head": self.model, "learned_from": self.decisions,
        }  # fmt: skip


def score(workspace: Workspace, queue: str, item: str) -> Score | None:
    """The score of a case; None while nothing is learned, or for an item without vectors."""
    found = queue_scores.read(workspace.scores(queue))
    values = found.of(item) if found else None
    if found is None or not values or "risk" not in values:
        return None
    about = found.about
    columns = [(values.get(f"column_{number}"), values.get(f"share_{number}")) for number in range(TOLD)]
    raising = tuple(
        (about["titles"][int(place)], share)
        for place, share in columns
        if place is not None and share and share > 0
    )
    return Score(
        values["risk"], values["low"], values["high"], values["uncertainty"], about["bad"] + about["good"],
        about["calibrated"], about["model"], values["latents"], raising,
    )  # fmt: skip


def signal(workspace: Workspace, queue: str, item: str) -> dict[str, float]:
    """What is known of a case by the names in `VALUES`; empty before anything is computed."""
    found = queue_scores.read(workspace.scores(queue))
    return (found.of(item) or {}) if found else {}


def about(workspace: Workspace, queue: str) -> dict[str, Any]:
    """What was learned last: decisions, bad, good, the model's hash, why there is none, the order, and what is left.

    Empty before.
    """
    found = queue_scores.read(workspace.scores(queue))
    return found.about if found else {}


def due(workspace: Workspace, queue: str) -> bool:
    """Whether enough is decided or taken back since to learn again: a tenth of what was decided, at least one case."""
    learned = about(workspace, queue)
    if not learned or learned["ordered_by"] != queues.record(workspace, queue).order:
        return True
    decided = workspace.catalogue.cases.count_decided(queue)
    return abs(decided - int(learned["decided"])) >= max(1, int(learned["decided"]) // GROWTH)


def learn(
    workspace: Workspace, queue: str, *, seed: int = 0, now: float | None = None, wait: float = PATIENCE
) -> queue_scores.QueueScores:
    """Learn from all decisions of a queue, keep the scores, and put its open cases in its order by them.

    One process at a time learns from a queue; if another still does after `wait` seconds, raises `HeldError`.
    """
    record = queues.record(workspace, queue)
    with queue_scores.alone(workspace.scores(record.id), wait=wait):
        return _learned(workspace, record, seed=seed, now=clock.at(now))


def catch_up(workspace: Workspace, queue: str) -> None:
    """Learn from the decisions of a queue until there are not enough new ones.

    If another process is at it, this returns at once: who learns calls this afterwards, so that no decision made
    meanwhile is forgotten.
    """
    with suppress(HeldError):
        while due(workspace, queue):
            learn(workspace, queue, wait=0.0)


def _learned(workspace: Workspace, record: QueueRecord, *, seed: int, now: float) -> queue_scores.QueueScores:
    cases = workspace.catalogue.cases.of(record.id)
    rules = queues.policy(workspace, record.id)
    rows, ids = queues.case_rows(workspace, record, cases)
    values, beside, learned = _scores(workspace, record, cases, rows, ids, rules.kinds(), seed=seed)
    left = remaining(workspace, record.id, cases, rules).document()
    open_ = {each.item_id for each in cases if not each.code}
    by = _order(workspace, record, values, rows, ids, open_)
    told = learned | {
        "decided": sum(1 for each in cases if each.code), "ordered_by": record.order, "order": by, "left": left,
        "time": now,
    }  # fmt: skip
    return queue_scores.write(workspace.scores(record.id), ids, values, told, beside)


def _scores(
    workspace: Workspace,
    record: QueueRecord,
    cases: list[CaseRecord],
    rows: NDArray[np.int64],
    ids: list[str],
    kinds: dict[str, str],
    *,
    seed: int,
) -> tuple[Arrays, Arrays, dict[str, Any]]:
    """The values of the cases in `rows`, what they rest on, and what is told of them."""
    from qlatent.services.triage import scores, signals  # scikit-learn, which no page needs

    row_of = dict(zip(ids, rows.tolist(), strict=True))
    known = [
        (row_of[each.item_id], kinds.get(each.code) == "bad")
        for each in cases
        if each.item_id in row_of and kinds.get(each.code) in ("bad", "good")
    ]
    bad = [flag for _, flag in known]
    told: dict[str, Any] = {
        "bad": sum(bad), "good": len(bad) - sum(bad), "calibrated": False, "model": "", "why_not": "", "titles": [],
        "encoder": _encoder(workspace, record.dataset_id),
    }  # fmt: skip
    basis = signals.Basis(encoder=told["encoder"])
    try:
        evidence = signals.evidence(workspace, record.dataset_id, basis)
    except QlatentError as err:
        return {}, {}, told | {"why_not": f"{err.message} {err.remedy}"}
    found = scores.scored(evidence, [row for row, _ in known], bad, seed=seed)
    signal = found.signals
    values: dict[str, Any] = {
        "risk": signal.risk, "low": found.risk.low, "high": found.risk.high, "uncertainty": signal.uncertainty,
        "disagreement": signal.disagreement, "cluster": signal.cluster, "duplicates": signal.duplicates,
    }  # fmt: skip
    beside: Arrays = {}
    if found.model is None:
        told["why_not"] = "No case is decided as bad yet, so there is nothing to learn from."
    else:
        model = found.model
        weights = np.concatenate(
            [model.weights, [model.intercept, model.slope, model.shift]], dtype=np.float64
        )
        text = f"{basis} {workspace.items.version(record.dataset_id)}".encode() + weights.tobytes()
        told |= {
            "calibrated": model.calibrated,
            "model": hashlib.blake2b(text, digest_size=8).hexdigest(),
        }
        told["titles"], parts = _parts(evidence, model)
        values |= parts
        item_of = dict(zip(rows.tolist(), ids, strict=True))
        decided = [item_of[row] for row in model.decided.tolist()]
        beside = grounds.of(model, evidence.learned, evidence.axes, decided).arrays()
    return {name: np.asarray(each)[rows] for name, each in values.items() if each is not None}, beside, told


def _parts(evidence: Evidence, model: Model) -> tuple[list[str], Arrays]:
    """What the latents and the three columns that raise it most add to the logit of each item, against the usual."""
    learned = evidence.learned
    shares = model.shares(learned) - model.shares(np.median(learned, axis=0))
    width = evidence.width
    found: dict[str, Any] = {"latents": shares[:, :width].sum(axis=1)}
    columns = shares[:, width:]
    for number in range(min(TOLD, columns.shape[1])):
        place = np.argsort(-columns, axis=1, kind="stable")[:, number]
        found[f"column_{number}"] = place
        found[f"share_{number}"] = np.take_along_axis(columns, place[:, None], axis=1)[:, 0]
    return list(evidence.titles), found


def _order(
    workspace: Workspace,
    record: QueueRecord,
    values: Arrays,
    rows: NDArray[np.int64],
    ids: list[str],
    open_: set[str],
) -> str:
    """Put the open cases in the order of the queue; returns the order that this is in fact."""
    if record.order not in orders.COMPUTED:
        return record.order
    given = values.get(record.order)
    if given is None or not np.isfinite(given).any():
        by = orders.until_learned(workspace, record.dataset_id)
        places = orders.places(workspace, record.dataset_id, rows, by, seed=0)
    else:
        by = record.order
        places = -np.where(np.isfinite(given), given, -np.inf)
    ordered = [ids[place] for place in np.argsort(places, kind="stable") if ids[place] in open_]
    workspace.catalogue.cases.bring_forward(record.id, ordered)
    return by


def _encoder(workspace: Workspace, dataset: str) -> str:
    """The encoder of most items; "" without vectors."""
    have = [each for each in workspace.items.encoders(dataset) if each["encoded"]]
    return str(max(have, key=lambda each: int(each["encoded"]))["key"]) if have else ""
