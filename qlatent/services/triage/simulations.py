"""Replay known labels, or an analyst's own decisions, in several orders, and compare the work that each takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.metrics.statistics.differences import mean_interval, paired
from qlatent.services.datasets import coded, facts
from qlatent.services.datasets.coded import Texts
from qlatent.services.search import neighbours, queries
from qlatent.services.search.neighbours import Asked
from qlatent.services.triage import queues, scores, signals
from qlatent.services.triage.signals import Basis, Evidence
from qlatent.store.workspace import Workspace
from qlatent.triage import ordering, scoring, simulation
from qlatent.triage.simulation import Figures, Ranking, Replay
from qlatent.types import Progress

CURVE = tuple(round(0.05 * step, 2) for step in range(21))  # shares reviewed at which recall is told
REFERENCES = ("random", "oldest")  # orders that every other one is compared with
LEARNING = ("risk", "uncertainty")

Labels = NDArray[np.float64]


@dataclass(frozen=True)
class Question:
    """What is replayed, beside the labels."""

    orders: tuple[str, ...] = ("random", "oldest", "risk", "uncertainty")
    seeds: int = 5
    basis: Basis = field(default_factory=Basis)
    query: str = ""  # begin with the item nearest to this text, in place of a known bad one
    every: int = simulation.EVERY  # each so many items one is drawn at random; 0: none
    leave_out: tuple[str, ...] = ()  # columns that tell the label


def labels_of(workspace: Workspace, dataset: str, column: str, positive: Sequence[str]) -> Labels:
    """1 for items with one of the `positive` values in a column, 0 for another value, NaN without one (n,).

    An unknown column or value raises `InputError`.
    """
    columns = coded.columns_of(workspace, dataset)
    if column not in columns:
        raise InputError(f"{dataset!r} has no column {column!r}.", remedy=f"Use one of {', '.join(columns)}.")
    found = columns[column]
    if not isinstance(found, Texts):
        words = found.astype("string")
        words = words.str.lower() if facts.kind(found) == "truth value" else words
        found = coded.compact(words.astype(object).where(words.notna(), None))
    assert isinstance(found, Texts)
    values = found.values.to_pylist()
    for value in positive:
        if value not in values:
            known = ", ".join(values[:10])
            raise InputError(f"No item has {value!r} in {column!r}.", remedy=f"There are {known}.")
    bad = found.among(np.array([value in positive for value in values], dtype=np.bool_))
    return np.where(found.given, bad.astype(np.float64), np.nan)


def decisions_of(workspace: Workspace, queue: str) -> tuple[str, Labels]:
    """The dataset of a queue, and 1 for its items decided as bad, 0 for good ones, NaN for all others (n,)."""
    found = queues.record(workspace, queue)
    policy = queues.policy(workspace, found.id)
    kinds = {each.code: each.kind for each in policy.decisions}
    codes = {each.item_id: kinds.get(each.code, "open") for each in workspace.catalogue.cases.of(found.id)}
    ids = workspace.items.table(found.dataset_id, columns=["id"])["id"].to_pylist()
    values = {"bad": 1.0, "good": 0.0}
    return found.dataset_id, np.array([values.get(codes.get(item, "open"), np.nan) for item in ids])


def simulate(
    workspace: Workspace,
    dataset: str,
    labels: Labels,
    question: Question,
    *,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Each order of a dataset replayed with each seed, as JSON values: figures with intervals over the seeds.

    Intervals are Student's for the mean over seeds; differences from random and oldest first are paired by seed.
    Labels without a bad item raise `InputError`.
    """
    known = signals.evidence(workspace, dataset, question.basis, leave_out=question.leave_out)
    found = replays(
        known, labels, question, seeds=range(question.seeds), example=_example(workspace, dataset, question),
        progress=progress,
    )  # fmt: skip
    given = labels[np.isfinite(labels)]
    return {
        "items": len(given), "bad": int(given.sum()), "prevalence": float(given.mean()), "seeds": question.seeds,
        "basis": asdict(question.basis), "query": question.query, "random_every": question.every, **summary(found),
    }  # fmt: skip


def replays(
    evidence: Evidence,
    labels: Labels,
    question: Question,
    *,
    seeds: Sequence[int],
    example: int | None = None,
    progress: Progress | None = None,
) -> dict[str, list[Replay]]:
    """A replay of each order and of `REFERENCES` for each seed; `example` is a row that stands for a bad one."""
    orders = tuple(dict.fromkeys((*REFERENCES, *question.orders)))
    for name in orders:
        ordering.order(name)
    found: dict[str, list[Replay]] = {name: [] for name in orders}
    for seed in seeds:
        start = np.empty(0, dtype=np.int64) if example is not None else simulation.starts(labels, seed=seed)
        for name in orders:
            rank = ranking(evidence, name, seed=seed, example=example)
            found[name].append(
                simulation.replayed(labels, rank, start=start, seed=seed, every=question.every)
            )
            if progress is not None:
                progress(sum(map(len, found.values())), len(orders) * len(seeds))
    return found


def summary(found: Mapping[str, Sequence[Replay]]) -> dict[str, Any]:
    """Figures of replays by order, with intervals over them, and those of the perfect order (their mean)."""
    figures = {name: [simulation.figures(each.bad) for each in made] for name, made in found.items()}
    best = [simulation.perfect(each.bad).document() for each in next(iter(found.values()))]
    return {
        "perfect": {name: float(np.mean([each[name] for each in best])) for name in simulation.NAMES},
        "orders": {name: _order(name, figures, made) for name, made in found.items()},
    }


def ranking(evidence: Evidence, name: str, *, seed: int, example: int | None = None) -> Ranking:
    """The order of this name as a function of the decisions."""
    rule = ordering.order(name)
    if name not in (*LEARNING, "duplicates"):
        fixed = rule.ranked(evidence.signals, seed=seed)
        return lambda decided, bad: fixed

    def learning(decided: NDArray[np.int64], bad: NDArray[np.bool_]) -> NDArray[np.float64]:
        if not bad.any() and example is not None:
            model = scoring.fit(
                evidence.learned, decided[bad], decided[~bad], seed=seed, examples=evidence.learned[[example]]
            )
            return model.risk(evidence.learned).probability
        if name == "duplicates":
            return scores.alike_to(evidence, decided[bad])
        diverse = scores.DIVERSE if name == "uncertainty" else 0
        learned = scores.scored(evidence, decided, bad, seed=seed, calibrate=False, diverse=diverse)
        return rule.ranked(learned.signals, seed=seed)

    return learning


def _example(workspace: Workspace, dataset: str, question: Question) -> int | None:
    """The row of the item that is nearest to the query."""
    if not question.query:
        return None
    asked = Asked(
        encoder=question.basis.encoder or None,
        heads=(question.basis.head,) if question.basis.head else (),
        k=1,
    )
    hits = neighbours.neighbours(workspace, dataset, queries.text(question.query), asked).hits
    if not hits:
        raise InputError("No item has a vector to compare the query with.", remedy="Encode the items first.")
    return hits[0].row


def _order(name: str, figures: Mapping[str, list[Figures]], replays: Sequence[Replay]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    intervals: dict[str, tuple[float, float]] = {}
    for figure in simulation.NAMES:
        mean, low, high = mean_interval([getattr(each, figure) for each in figures[name]])
        found[figure], intervals[figure] = mean, (low, high)
    low, high = intervals["share_for_half"]
    curves = [simulation.recalls(each.bad, CURVE) for each in replays]
    return {
        **found, "low": low, "high": high, "intervals": intervals,
        "against": {other: _less(figures, name, other) for other in REFERENCES if other != name},
        "curve": {"reviewed": CURVE, "recall": np.mean(curves, axis=0).tolist()},
    }  # fmt: skip


def _less(figures: Mapping[str, list[Figures]], name: str, other: str) -> dict[str, dict[str, float]]:
    """An order less another, for the two figures that say most."""
    found = {}
    for figure in ("share_for_half", "wss95"):
        first, second = (
            {seed: getattr(each, figure) for seed, each in enumerate(figures[which])}
            for which in (name, other)
        )
        made = paired(first, second)
        found[figure] = {"mean": made.mean, "low": made.low, "high": made.high}
    return found
