"""Measure what a circuit contributes: compare a head with controls without it, seed by seed. Torch-free."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from qlatent import registry
from qlatent.errors import InputError
from qlatent.registry import HEADS, head_class, make_config
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import Configs, TrainSpec, training_spec
from qlatent.services.training import sweeps
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace

STRUCTURE = (
    "spearman",
    "neighbour_overlap",
)  # of images and texts: the mean within each, not over both together
METRICS = (
    "spearman_within", "spearman", "neighbour_overlap_within", "neighbour_overlap", "gap", "pair_error",
    "probe_accuracy",
)  # fmt: skip
"""Metrics for the comparison, where the runs have them."""


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and the half-width of its 95 % interval (Student's t); None for a single seed."""

    mean: float
    half: float | None


@dataclass(frozen=True)
class Row:
    """One head: the state of its runs, its metrics, and their paired differences to the first head."""

    head: str
    finished: int
    active: int
    figures: dict[str, Estimate]
    differences: dict[str, Estimate]


@dataclass(frozen=True)
class Place:
    """A head at a seed: its spec, and its run if there is one."""

    head: str
    seed: int
    spec: TrainSpec
    run: RunSummary | None


def names(head: str) -> tuple[str, ...]:
    """Names of a head's controls: those with a circuit, then the classical twin."""
    entry = registry.entry("head", head)
    with_circuit = [each for each in entry.controls if head_class(each).has_circuit]
    return (*with_circuit, entry.twin) if with_circuit else ()


def places(workspace: Workspace, run_id: str, seeds: int) -> list[Place]:
    """The head of a run and its controls over `seeds` seeds, starting at the run's seed, seed by seed.

    All use the same items and settings. The run of a control raises an error.
    """
    spec = training_spec(workspace.run(run_id))
    cls, own = head_class(spec.head), spec.configs.head
    itself = make_config(cls, own) == make_config(cls, _without_changes(spec))
    if not itself or not names(spec.head) or spec.weights:
        raise InputError(
            "This head is a control, or has no controls.", remedy="Choose the head that it is a control of."
        )
    known = sweeps.known(workspace)
    found = []
    for seed in range(own["seed"], own["seed"] + seeds):
        for head in (spec.head, *names(spec.head)):
            made = _spec(spec, head, seed)
            found.append(Place(head, seed, made, known.get(training_key(made))))
    return found


def missing(found: Sequence[Place]) -> list[Place]:
    """The places without a training; seed by seed, so that the first seeds are complete early."""
    return [
        each for each in found if each.run is None or not (each.run.active or each.run.state == "finished")
    ]


def start(workspace: Workspace, found: Sequence[Place]) -> list[str]:
    """Queue the missing trainings; returns the ids of the runs."""
    return [queue.start(workspace, each.spec) for each in missing(found)]


def rows(workspace: Workspace, found: Sequence[Place]) -> list[Row]:
    """One row per head over its seeds, in the order of `places`; only trained heads have metrics."""
    by_head: dict[str, list[Place]] = {}
    for place in found:
        by_head.setdefault(place.head, []).append(place)
    figures = {
        head: {
            place.seed: listing.metrics(workspace, place.run.id)
            for place in own
            if place.run and place.run.state == "finished"
        }
        for head, own in by_head.items()
    }
    figures = _within(figures)
    first = figures[found[0].head]
    return [
        Row(
            head,
            finished=len(figures[head]),
            active=sum(place.run is not None and place.run.active for place in own),
            figures={
                name: _estimate(values)
                for name in METRICS
                if (values := [each[name] for each in figures[head].values() if name in each])
            },
            differences={
                name: _estimate(values)
                for name in METRICS
                if (values := _differences(figures[head], first, name))
            },
        )
        for head, own in by_head.items()
    ]


def _within(figures: Mapping[str, Mapping[int, dict[str, Any]]]) -> dict[str, dict[int, dict[str, Any]]]:
    """The metrics with the means within images and texts in place of both together, if all runs have them."""
    means = {head: {seed: _means(each) for seed, each in own.items()} for head, own in figures.items()}
    every = [mean for own in means.values() for mean in own.values()]
    replaced = [name for name in STRUCTURE if all(f"{name}_within" in mean for mean in every)]
    return {
        head: {
            seed: {name: value for name, value in each.items() if name not in replaced}
            | {f"{name}_within": means[head][seed][f"{name}_within"] for name in replaced}
            for seed, each in own.items()
        }
        for head, own in figures.items()
    }


def _means(measured: Mapping[str, Any]) -> dict[str, float]:
    """The means within images and texts of the metrics that a run has in both."""
    found = {}
    for name in STRUCTURE:
        parts = [measured[key] for key in (f"{name}_image", f"{name}_text") if measured.get(key) is not None]
        if len(parts) == 2:
            found[f"{name}_within"] = sum(parts) / 2
    return found


def _without_changes(spec: TrainSpec) -> dict[str, Any]:
    """The settings of the head of a run but those that make it a control of itself."""
    changing = head_class(spec.head).control_settings
    return {name: value for name, value in spec.configs.head.items() if name not in changing}


def _spec(spec: TrainSpec, head: str, seed: int) -> TrainSpec:
    """The spec of the same training with this head and seed."""
    cls = head_class(head)
    known = {each.name for each in fields(cls)}
    values = registry.respelled(cls, _without_changes(spec)) | {"seed": seed}
    config = asdict(make_config(cls, {name: value for name, value in values.items() if name in known}))
    training = spec.configs.training | {"seed": seed}
    asked = registry.respelled(cls, spec.settings)
    flat = config | spec.configs.objective | training
    return spec.model_copy(
        update={
            "id": "",
            "keep": True,
            "name": f"{HEADS[head].title}, seed {seed}: {spec.name}"[:80],
            "created": time.time(),
            "head": head,
            "configs": Configs(head=config, objective=spec.configs.objective, training=training),
            "settings": {name: flat[name] for name in asked if name in flat} | {"seed": seed},
        }
    )


def _differences(own: Mapping[int, Any], first: Mapping[int, Any], name: str) -> list[float]:
    return [
        own[seed][name] - first[seed][name]
        for seed in own
        if name in own[seed] and name in first.get(seed, {})
    ]


def _estimate(values: Sequence[float]) -> Estimate:
    from qlatent.metrics.statistics.differences import (
        mean_interval,
    )  # imported here: scipy.stats is slow to import

    mean, _, high = mean_interval(values)
    return Estimate(mean, None if np.isnan(high) else high - mean)
