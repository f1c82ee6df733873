"""Reproducing a published table: which trainings it takes, which are done, and what they found. Torch-free.

Quantum self-supervised learning (Jaderberg et al. 2021, arXiv 2103.14653, code bjader/QSSL): ResNet-18 from
scratch under a representation network, 176 batches of 256 images of the first five classes of CIFAR-10, and a
linear probe after 40, 92, 137, 163 and 176 of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.errors import ConfigError, InputError
from qlatent.services import plan, runs
from qlatent.services.journal import journal
from qlatent.services.plan import Spec, TrainingRequest
from qlatent.services.runs import RunView
from qlatent.store.records import DatasetRecord
from qlatent.store.workspace import Workspace
from qlatent.types import Item, Progress

DATASET, NAME = "cifar10-first5", "CIFAR-10, first five classes (JPEG copies)"
STEPS = (40, 92, 137, 163, 176)
KEYS = ("data", "offsets", "label", "is_test", "class_names")
TRAINING = {"steps": 176, "batch_size": 256, "probe_steps": STEPS, "unique_pairs": False, "snapshots": 10,
            "checkpoint_every": 50}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One row of the table: a head with settings, how many seeds it gets, and what was published of it.

    `published` are means of accuracy in percent after `STEPS`, and the deviation over six runs after the last.
    """

    name: str
    title: str
    head: str
    settings: dict[str, Any] = field(default_factory=dict)
    seeds: int = 3
    published: tuple[float, ...] = ()
    deviation: float | None = None


VARIANTS = {
    each.name: each
    for each in (
        Variant("classical", "Classical twin", "qssl_twin", {}, 6, (35.93, 39.57, 41.72, 42.74, 43.49), 1.31),
        Variant("ring", "Ring, exact", "qssl", {}, 6, (40.37, 43.88, 45.53, 45.82, 46.51), 1.37),
        Variant("ring_shots", "Ring, 100 shots", "qssl", {"shots": 100, "shots_in": "always"}, 3,
                (38.72, 42.81, 45.58, 45.95, 46.34), 2.07),
        Variant("all_to_all", "All-to-all, exact", "qssl", {"ansatz": "all_to_all"}, 3,
                (36.94, 39.17, 41.33, 41.90, 42.78), 2.17),
        Variant("unsquashed", "Classical, no squash", "qssl_twin", {"squash": False}),
        Variant("frozen", "Ring, frozen random weights", "qssl_frozen"),
        Variant("separable", "Ring, no entanglers", "qssl_separable"),
        Variant("linear", "Linear W×W", "qssl_linear"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One training of the table: its variant, width and seed, what it is to do, and the run that does it."""

    variant: str
    width: int
    seed: int
    spec: Spec
    run: RunView | None = None


def bring(workspace: Workspace, path: Path, *, progress: Progress | None = None) -> str:
    """The id of the dataset with the images of this `.npz`, imported if it is not here yet.

    It holds image files joined (`data`, uint8) with their ends (`offsets`, (n + 1,)), `label` (n,) int,
    `is_test` (n,) bool and `class_names`; anything else is an `InputError`.
    """
    if any(record.id == DATASET for record in workspace.catalogue.datasets()):
        return DATASET
    items = list(_items(path))
    added = workspace.items.create(DATASET, items, progress=progress)
    workspace.catalogue.add_dataset(
        DatasetRecord(
            id=DATASET, name=NAME, kind="images", created=time.time(), rows=added.rows, modalities=("image",),
            note="JPEG copies of the images, not the original pixels.",
        )
    )  # fmt: skip
    return DATASET


def _items(path: Path) -> Iterator[Item]:
    if not path.is_file():
        raise InputError(f"There is no file {path}.", remedy="Give the .npz with the images (`--data`).")
    with np.load(path, allow_pickle=False) as file:
        missing = [key for key in KEYS if key not in file.files]
        if missing:
            raise InputError(
                f"{path.name} has no {', '.join(missing)}; it has {', '.join(file.files)}.",
                remedy=f"Bring one with {', '.join(KEYS)}.",
            )
        data, offsets, label, test, names = (file[key] for key in KEYS)
    content = data.tobytes()
    for row, (start, end) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
        split = "test" if test[row] else "train"
        name = str(names[int(label[row])])
        yield Item(f"{split}-{row:05d}", image=content[start:end], label=name, split=split, source=path.name)


def places(
    workspace: Workspace, dataset: str, *, variants: Sequence[str], seeds: int | None, widths: Sequence[int]
) -> list[Place]:
    """The trainings of the table, each with its run if there is one; variants with most seeds first, seed by seed."""
    for name in variants:
        if name not in VARIANTS:
            raise ConfigError(f"There is no variant {name!r}.", remedy=f"Known: {', '.join(VARIANTS)}.")
    chosen = [VARIANTS[name] for name in variants]
    known = {plan.same_training(run.spec): run for run in reversed(runs.list_runs(workspace, "train"))}
    found = []
    for each in sorted(chosen, key=lambda variant: -variant.seeds):  # what is compared most comes first
        for seed in range(seeds or each.seeds):
            for width in widths:
                spec = _spec(workspace, dataset, each, width, seed)
                found.append(Place(each.name, width, seed, spec, known.get(plan.same_training(spec))))
    return sorted(found, key=lambda place: (-VARIANTS[place.variant].seeds, place.seed))


def _spec(workspace: Workspace, dataset: str, variant: Variant, width: int, seed: int) -> Spec:
    settings = {**TRAINING, **variant.settings, "qubits": width, "seed": seed, "split_seed": 0}
    name = f"QSSL: {variant.title}, seed {seed}" + (f", W = {width}" if width != 8 else "")
    request = TrainingRequest(
        dataset, head=variant.head, objective="ntxent", settings=settings, name=name, source="images"
    )
    return {**plan.training_spec(workspace, request), "threads": 1}


def start(workspace: Workspace, table: Sequence[Place], *, workers: int) -> None:
    """Queue what was not begun, wake what stopped or failed, and let `workers` processes work."""
    for place in table:
        if place.run is None:
            runs.enqueue(workspace, place.spec)
        elif not place.run.active and place.run.state != "finished":
            runs.resume(workspace, place.run.id, workers=workers)
    runs.dispatch(workspace, workers)


def rows(workspace: Workspace, table: Sequence[Place]) -> list[dict[str, Any]]:
    """What the finished trainings found: one row a probe, accuracies in [0, 1]."""
    found = []
    for place in table:
        if place.run is None or place.run.state != "finished":
            continue
        for step, probe in sorted(journal(workspace.run(place.run.id)).probes.items()):
            found.append(
                {"variant": place.variant, "width": place.width, "seed": place.seed, "step": step,
                 "protocol": "honest", **{key: probe[key] for key in ("accuracy", "low", "high", "n", "confusion")}}
            )  # fmt: skip
    return found
