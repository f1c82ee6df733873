"""What the circuit contributes: a head beside the same head without it, seed by seed. Torch-free."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from qlatent.errors import InputError
from qlatent.registry import config_class, make_config
from qlatent.services import plan, runs
from qlatent.services.plan import TrainingRequest
from qlatent.services.runs import RunView
from qlatent.store.workspace import Workspace
from qlatent.training.configs import RunConfigs

METRICS = ("pair_error", "spearman", "neighbour_overlap")


@dataclass(frozen=True)
class Variant:
    """The head with something changed; `head` is a name of the registry."""

    title: str
    head: str = "acqua"
    changes: Mapping[str, Any] = field(default_factory=dict)


VARIANTS = (
    Variant("The head itself"),
    Variant("Entanglers left out", changes={"entanglers": False}),
    Variant("Circuit frozen at random", changes={"circuit_weights": "frozen"}),
    Variant("Classical twin", head="acqua_twin"),
)


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and half of its 95 % interval (Student's t); None for a single seed."""

    mean: float
    half: float | None


@dataclass(frozen=True)
class Row:
    """One variant: how far its runs are, its figures, and what they are more than the head's, seed by seed."""

    title: str
    finished: int
    active: int
    figures: dict[str, Estimate]
    differences: dict[str, Estimate]


def rows(workspace: Workspace, run_id: str, seeds: int) -> list[Row]:
    """The variants of a run over `seeds` seeds, its own first. Only what has been trained has figures."""
    found = _found(workspace, run_id, seeds)
    figures = [
        {
            seed: runs.metrics(workspace, run.id)
            for seed, run in by_seed.items()
            if run and run.state == "finished"
        }
        for by_seed in found
    ]
    return [
        Row(
            variant.title,
            finished=len(own),
            active=sum(run is not None and run.active for run in by_seed.values()),
            figures={name: _estimate([each[name] for each in own.values()]) for name in METRICS if own},
            differences={
                name: _difference(own, figures[0], name) for name in METRICS if own.keys() & figures[0]
            },
        )
        for variant, by_seed, own in zip(VARIANTS, found, figures, strict=True)
    ]


def missing(workspace: Workspace, run_id: str, seeds: int) -> list[TrainingRequest]:
    """What must still be trained, seed by seed, so that the first seeds are complete early."""
    found = _found(workspace, run_id, seeds)
    spec = _spec(workspace, run_id)
    return [
        _request(spec, variant, seed)
        for seed in _seeds(spec, seeds)
        for variant, by_seed in zip(VARIANTS, found, strict=True)
        if by_seed[seed] is None
    ]


def start(workspace: Workspace, run_id: str, seeds: int) -> list[str]:
    """Queue what is missing; the ids of the runs."""
    return [runs.start_training(workspace, each) for each in missing(workspace, run_id, seeds)]


def _spec(workspace: Workspace, run_id: str) -> plan.Spec:
    spec = workspace.run(run_id).spec
    if spec["head"] != "acqua" or _configs(spec, VARIANTS[0], spec["configs"]["head"]["seed"]) is None:
        raise InputError("This head is a control itself.", remedy="Choose the head that it is a control of.")
    return spec


def _seeds(spec: plan.Spec, count: int) -> range:
    first = spec["configs"]["head"]["seed"]
    return range(first, first + count)


def _found(workspace: Workspace, run_id: str, seeds: int) -> list[dict[int, RunView | None]]:
    """For each variant and seed the newest run that trains or has trained just that."""
    spec = _spec(workspace, run_id)
    alike = ("dataset", "dataset_version", "encoder", "objective")
    candidates = [
        (run, plan.configs_of(run.spec))
        for run in runs.list_runs(workspace, "train")
        if (run.active or run.state == "finished") and all(run.spec.get(key) == spec[key] for key in alike)
    ]
    return [
        {
            seed: next((run for run, configs in candidates if configs == _configs(spec, variant, seed)), None)
            for seed in _seeds(spec, seeds)
        }
        for variant in VARIANTS
    ]


def _configs(spec: plan.Spec, variant: Variant, seed: int) -> RunConfigs | None:
    """The configs of the variant; None if the run is of a control, so that the head would not be itself."""
    own = plan.configs_of(spec)
    changed = dataclasses.replace(own.head, seed=seed) == _head(spec, VARIANTS[0], seed)
    if not changed:
        return None
    return RunConfigs(_head(spec, variant, seed), own.objective, dataclasses.replace(own.training, seed=seed))


def _head(spec: plan.Spec, variant: Variant, seed: int) -> Any:
    cls = config_class("head", variant.head)
    known = {each.name for each in dataclasses.fields(cls)}
    plain = {"entanglers": True, "circuit_weights": "trained"}
    values = spec["configs"]["head"] | plain | {"seed": seed} | dict(variant.changes)
    return make_config(cls, {name: value for name, value in values.items() if name in known})


def _request(spec: plan.Spec, variant: Variant, seed: int) -> TrainingRequest:
    configs = _configs(spec, variant, seed)
    assert configs is not None  # _spec has looked
    settings = asdict(configs.head) | asdict(configs.objective) | asdict(configs.training)
    name = f"{variant.title}, seed {seed}: {spec['name']}"[:80]
    return TrainingRequest(spec["dataset"], spec["encoder"], variant.head, spec["objective"], settings, name)


def _difference(own: Mapping[int, Any], head: Mapping[int, Any], name: str) -> Estimate:
    return _estimate([own[seed][name] - head[seed][name] for seed in own if seed in head])


def _estimate(values: Sequence[float]) -> Estimate:
    from scipy.stats import t

    count = len(values)
    if count < 2:
        return Estimate(float(np.mean(values)), None)
    half = t.ppf(0.975, count - 1) * np.std(values, ddof=1) / np.sqrt(count)
    return Estimate(float(np.mean(values)), float(half))
