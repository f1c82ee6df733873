"""Present lists of runs: distinct names, order, and position in the queue."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import RunSpec
from qlatent.store.catalogue.turns import in_turn

MOST_DIFFERENCES = 3
CONFIGS = ("training", "head", "objective")  # the seed is in several configs; that of training counts


def names(runs: Iterable[RunSummary]) -> dict[str, str]:
    """Distinct names by run id: equal names get the differing settings, or else the start times."""
    alike: dict[str, list[RunSummary]] = defaultdict(list)
    for each in runs:
        alike[each.name].append(each)
    return {run: name for group in alike.values() for run, name in _told_apart(group).items()}


def _told_apart(group: Sequence[RunSummary]) -> dict[str, str]:
    if len(group) == 1:
        return {group[0].id: group[0].name}
    settings = {each.id: _settings(each.spec) for each in group}
    keys = dict.fromkeys(key for each in settings.values() for key in each)
    differing = [key for key in keys if len({str(each.get(key)) for each in settings.values()}) > 1]
    said = {run: _said(each, differing[:MOST_DIFFERENCES]) for run, each in settings.items()}
    if len(set(said.values())) < len(group):
        said = {each.id: _with_start(said[each.id], each) for each in group}
    if len(set(said.values())) < len(group):
        said = {run: f"{text}, {run}" for run, text in said.items()}
    return {each.id: f"{each.name} · {said[each.id]}" for each in group}


def _settings(spec: RunSpec | None) -> dict[str, Any]:
    """The chosen settings of a run, flat."""
    if spec is None:
        return {}
    document = spec.document()
    chosen: dict[str, Any] = {
        name: document[name] for name in ("dataset", "head", "objective") if name in document
    }
    for config in CONFIGS:
        for key, value in document.get("configs", {}).get(config, {}).items():
            chosen.setdefault(key, value)
    return chosen


def _said(settings: Mapping[str, Any], keys: Sequence[str]) -> str:
    return ", ".join(f"{key} {settings[key]}" for key in keys if key in settings)


def _with_start(said: str, run: RunSummary) -> str:
    started = time.strftime("%d %b %H:%M:%S", time.localtime(run.created))
    return f"{said}, {started}" if said else started


def own_first(runs: Iterable[RunSummary]) -> list[RunSummary]:
    """The runs in the same order, but with those of experiments at the end."""
    return sorted(runs, key=lambda each: bool(each.part_of))


@dataclass(frozen=True, slots=True)
class Waiting:
    """Position of a run in the queue, from 1, and the estimated seconds until its start, or None."""

    place: int
    seconds: float | None


def waiting(runs: Sequence[RunSummary], run_id: str, *, workers: int, now: float | None = None) -> Waiting:
    """Estimate when a queued run starts, from the remaining times of the runs before it; `runs` has all runs.

    A queued run, and one that does not know yet how long it takes, is assumed to take the median time of finished runs
    of its kind. `now` is in unix seconds.
    """
    waiting, running = ([each for each in runs if each.state == state] for state in ("queued", "running"))
    served: dict[str, float] = {}
    for each in runs:
        if each.claimed is not None:
            served[each.owner] = max(each.claimed, served.get(each.owner, each.claimed))
    oldest = sorted(waiting, key=lambda each: (each.created, each.id))
    order = list(
        in_turn(
            [(each.id, each.owner) for each in oldest],
            served=served,
            running=[each.owner for each in running],
        )
    )
    place, by_id = order.index(run_id), {each.id: each for each in waiting}
    needs = [_seconds_left(runs, each, time.time() if now is None else now) for each in running]
    needs += [_usual_seconds(runs, by_id[each]) for each in order[:place]]
    if any(each is None for each in needs):
        return Waiting(place + 1, None)
    free = [0.0] * workers  # when each worker becomes free
    for seconds in needs:
        free[free.index(min(free))] += seconds or 0.0
    return Waiting(place + 1, min(free))


def _seconds_left(runs: Iterable[RunSummary], run: RunSummary, now: float) -> float | None:
    """Seconds that a running run says are left, else what is left of the usual time of its kind."""
    if run.status.seconds_left is not None:
        return run.status.seconds_left
    usual = _usual_seconds(runs, run)
    return None if usual is None else max(0.0, usual - (now - (run.claimed or now)))


def _usual_seconds(runs: Iterable[RunSummary], run: RunSummary) -> float | None:
    """Median seconds of runs of the same kind and head, from creation to the last heartbeat."""
    took = [
        each.status.heartbeat - (each.status.process_started or each.created)
        for each in runs
        if each.state == "finished"
        and (each.kind, each.head) == (run.kind, run.head)
        and each.status.heartbeat
    ]
    return median(took) if took else None
