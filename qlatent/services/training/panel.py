"""Compute the metric panel of a trained head on its run's held-out rows, and save it beside the run.

A metric that cannot be computed (no labels, too few items) is saved as a note.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from qlatent import spacing
from qlatent.json_values import plain
from qlatent.metrics import panel, within
from qlatent.metrics.comparison import Comparison, InputSide
from qlatent.metrics.metric import Metric
from qlatent.metrics.probes import probe
from qlatent.metrics.value import Undefined
from qlatent.registry import METRICS, resolve
from qlatent.services.runs import event_log, specs
from qlatent.services.runs.job import Job
from qlatent.services.runs.specs import Measurement, VectorTraining, expected, training_spec
from qlatent.services.training.kinds.table import run_configs
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays, Progress

if TYPE_CHECKING:
    from qlatent.heads.base import AbstractHead
    from qlatent.training.vectors.data import TrainingData

FORMAT = 1
POINTS = 2000  # points of the joint set whose distances are compared
TIMED = 1000  # items encoded repeatedly to measure the time
REPEATS = 5
OF_DISTANCES = ("spearman", "neighbour_overlap", "trustworthiness", "continuity", "recall_at_10")
CURVE_ITEMS = 1000  # of the probe set, evenly spaced, for the accuracy over training steps


def measure_all(
    workspace: Workspace, run_ids: Sequence[str], *, progress: Progress, should_stop: Callable[[], bool]
) -> bool:
    """Measure finished runs one after the other; returns False if stopped before the end."""
    from qlatent.heads import saving
    from qlatent.services.training.kinds.vectors.work import load_data

    for done, run_id in enumerate(run_ids):
        progress(done, len(run_ids))
        if should_stop():
            return False
        folder = workspace.run(run_id)
        spec = expected(specs.of(folder), VectorTraining)
        data = load_data(workspace, spec, run_configs(spec))
        measure_trained(workspace, folder, saving.load(folder.model_path), data)
    progress(len(run_ids), len(run_ids))
    return True


def measure_trained(workspace: Workspace, folder: RunFolder, head: AbstractHead, data: TrainingData) -> None:
    """Measure a trained head and save the metrics in its run folder."""
    spec = training_spec(folder)
    labels = workspace.items.table(spec.dataset, columns=["label"], version=spec.dataset_version)
    words = np.array([each or "" for each in labels.column("label").to_pylist()], dtype=np.str_)
    heldout = bool(data.heldout_pairs)
    judged, rows = (data.heldout, data.heldout_rows) if heldout else (data.train, data.train_rows)
    comparison = Comparison(
        judged,
        latents_of(head, judged),
        distance=head.distance,
        train_inputs=data.train,
        train_latents=latents_of(head, data.train),
        train_labels=words[data.train_rows].tolist(),
        train_groups=_apart(folder, data.train_groups),
        reference=InputSide(judged, labels=words[rows].tolist(), sample=POINTS),
    )
    metrics = _metrics(comparison.modalities)
    figures = panel.measure(comparison, metrics, names=None)
    document = {
        "format": FORMAT,
        "judged": "heldout" if heldout else "train",
        "metrics": {name: plain(asdict(figure)) for name, figure in figures.items()},
        "distances": _distances(comparison, metrics),
        "costs": plain(_costs(folder, head, judged)),
        "confusion": _confusion(comparison),
        "curve": _curve(folder, data, words),
    }
    folder.write_figures(document)


def _metrics(modalities: Sequence[str]) -> dict[str, Metric]:
    """All metrics by name; with several modalities those of structure within each of them, too."""
    metrics = {name: resolve(each.target) for name, each in METRICS.items()}
    apart = [name for name, each in METRICS.items() if each.within]
    return metrics | within.metrics(modalities, metrics, names=apart)


def _apart(folder: RunFolder, groups: np.ndarray) -> np.ndarray | None:
    """The groups that probes keep whole; None under a split rule without groups."""
    rule = run_configs(training_spec(folder)).training.split_rule
    return groups if rule == "groups" else None


def latents_of(head: AbstractHead, arrays: Arrays) -> Arrays:
    """Latents of normalised rows."""
    import torch

    with torch.no_grad():
        made = head.eval().encode({name: torch.from_numpy(array) for name, array in arrays.items()})
    return {name: z.numpy() for name, z in made.items()}


def _costs(folder: RunFolder, head: AbstractHead, inputs: Arrays) -> dict[str, float]:
    """Costs of a head: bytes per item, parameters, training time, milliseconds per 1,000 items."""
    few = {name: np.resize(array, (TIMED, array.shape[1])) for name, array in inputs.items()}
    taken = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        latents_of(head, few)
        taken.append((time.perf_counter() - begun) * 1000)
    count = head.parameter_count
    return {
        "bytes_per_item": 4.0 * head.latent_dim * len(head.modalities),
        "parameters_stored": float(count["stored"]),
        "parameters_used": float(count["used"]),
        "train_seconds": _train_seconds(folder),
        "ms_per_1000": median(taken),
    }


def _train_seconds(folder: RunFolder) -> float:
    """Seconds spent on steps, without interruptions; NaN for a run without steps."""
    times = event_log.columns(event_log.read_log(folder).steps).get("time")
    if times is None or len(times) < 2:
        return math.nan
    gaps = np.diff(np.asarray(times, dtype=float))
    return float(gaps[gaps < 60.0].sum())  # a longer gap is an interruption


def _distances(comparison: Comparison, metrics: dict[str, Metric]) -> dict[str, Any]:
    """Metrics of the same latents with each distance; log-fidelity only for latents that are expectations."""
    bounded = all(np.abs(z).max(initial=0.0) <= 1.0 for z in comparison.latents.values())
    names = [name for name in metrics if name in OF_DISTANCES or name.rpartition("_")[0] in OF_DISTANCES]
    found = {}
    for distance in ("euclidean", "cosine", *(("log_fidelity",) if bounded else ())):
        taken = Comparison(
            comparison.before.inputs, comparison.latents, distance=distance, reference=comparison.before
        )
        figures = panel.measure(taken, metrics, names=names, resamples=0)
        found[distance] = plain({name: figure.value for name, figure in figures.items()})
    return found


def _confusion(comparison: Comparison) -> dict[str, Any]:
    """Confusion matrices of both probes; empty where the probes are undefined, with the reason in their metrics."""
    try:
        found = {"linear": probe.confusion(comparison), "knn": probe.knn_confusion(comparison)}
    except Undefined:
        return {}
    return {
        name: {"labels": list(each.labels), "counts": each.counts.tolist()} for name, each in found.items()
    }


def _curve(folder: RunFolder, data: TrainingData, words: np.ndarray) -> list[dict[str, Any]]:
    """Accuracy of a linear probe at each snapshot, trained on the probe set's training rows, tested on its others."""
    taken = spacing.evenly(len(data.probe_rows), CURVE_ITEMS)
    labels, away = words[data.probe_rows][taken], data.probe_heldout[taken]
    learned = data.probe_rows[taken][~away]
    place = np.searchsorted(data.train_rows, learned)
    if not away.any() or away.all() or not labels.any():
        return []
    curve = []
    for step in folder.snapshot_steps():
        z = {name: array[taken] for name, array in folder.snapshot(step).items()}
        heldout = {name: array[away] for name, array in z.items()}
        judged = Comparison(
            heldout,
            heldout,  # a probe uses latents only
            labels=labels[away].tolist(),
            train_latents={name: array[~away] for name, array in z.items()},
            train_labels=labels[~away].tolist(),
            train_groups=_apart(folder, data.train_groups[place]),
        )
        curve.append({"step": step, **plain(asdict(probe.probe_accuracy(judged)))})
    return curve


def carry_out(workspace: Workspace, job: Job) -> str:
    """Measure the runs that a spec names; returns the state it ends in."""
    spec = expected(job.spec, Measurement)
    done = measure_all(workspace, spec.runs, progress=job.progress, should_stop=job.should_stop)
    return "finished" if done else "stopped"
