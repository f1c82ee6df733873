"""Reproduce a published table: its trainings, their state and their results. Torch-free.

Quantum self-supervised learning (Jaderberg et al. 2021, arXiv 2103.14653, code bjader/QSSL): ResNet-18 from
scratch followed by a representation network, 176 batches of 256 images of the first five classes of CIFAR-10, and
a linear probe after 40, 92, 137, 163 and 176 batches.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.errors import ConfigError, InputError
from qlatent.ingest.files.stored_arrays import read_arrays
from qlatent.ingest.limits import Limits
from qlatent.metrics.statistics.differences import holm
from qlatent.services.runs import queue
from qlatent.services.runs.event_log import read_log
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import TrainSpec
from qlatent.services.training import image_probe, image_views, sweeps
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import training_spec
from qlatent.services.training.training_key import training_key
from qlatent.settings import settings
from qlatent.store.catalogue.records import DatasetRecord
from qlatent.store.workspace import Workspace
from qlatent.types import Item, Progress

DATASET, NAME = "cifar10-first5", "CIFAR-10, first five classes (JPEG copies)"
STEPS = (40, 92, 137, 163, 176)
KEYS = ("data", "offsets", "label", "is_test", "class_names")
KEY = ("variant", "width", "seed", "protocol", "step")
HONEST, AS_PUBLISHED = "honest", "as published"
Row = dict[str, Any]
TRAINING = {"steps": 176, "batch_size": 256, "probe_steps": STEPS, "unique_pairs": False, "snapshots": 10,
            "checkpoint_every": 50, "split_rule": "contents"}  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """One row of the table: a head with settings, its number of seeds and its published results.

    `published` are mean accuracies in percent after `STEPS`, followed by the standard deviation over six runs after
    the last step, from the authors' data. `in_text` is the final accuracy in the paper's text where it differs.
    """

    name: str
    title: str
    head: str
    settings: dict[str, Any] = field(default_factory=dict)
    seeds: int = 3
    published: tuple[float, ...] = ()
    deviation: float | None = None
    in_text: tuple[float, float] | None = None


VARIANTS = {
    each.name: each
    for each in (
        Variant("classical", "Classical twin", "qssl_twin", {}, 6, (35.93, 39.57, 41.72, 42.74, 43.49), 1.31),
        Variant("ring", "Ring, exact", "qssl", {}, 6, (40.37, 43.88, 45.53, 45.82, 46.51), 1.37),
        Variant("ring_shots", "Ring, 100 shots", "qssl", {"shots": 100, "shots_in": "always"}, 3,
                (38.72, 42.81, 45.58, 45.95, 46.34), 2.07),
        Variant("all_to_all", "All-to-all, exact", "qssl", {"ansatz": "all_to_all"}, 3,
                (36.94, 39.17, 41.33, 41.90, 42.78), 2.17, (43.46, 1.68)),
        Variant("unsquashed", "Classical, no squash", "qssl_twin", {"squash": False}),
        Variant("frozen", "Ring, frozen random weights", "qssl_frozen"),
        Variant("separable", "Ring, no entanglers", "qssl_separable"),
        Variant("linear", "Linear W×W", "qssl_linear"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """One training of the table: its variant, width, seed and spec, and its run if there is one."""

    variant: str
    width: int
    seed: int
    spec: TrainSpec
    run: RunSummary | None = None

    @property
    def key(self) -> tuple[str, int, int]:
        """The variant, width and seed."""
        return self.variant, self.width, self.seed


def bring(workspace: Workspace, path: Path, *, progress: Progress | None = None) -> str:
    """Import the images of this `.npz` unless they are already here; returns the id of the dataset.

    The file holds concatenated image files (`data`, uint8) with their ends (`offsets`, (n + 1,)), `label` (n,) int,
    `is_test` (n,) bool and `class_names`; any other content raises `InputError`.
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
        raise InputError(f"There is no file {path}.", remedy="Pass the .npz with the images (`--data`).")
    arrays = read_arrays(path, limits=Limits.of(settings()))
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise InputError(
            f"{path.name} has no {', '.join(missing)}; it has {', '.join(arrays)}.",
            remedy=f"Pass a file with {', '.join(KEYS)}.",
        )
    data, offsets, label, test, names = (arrays[key] for key in KEYS)
    _check_images(path.name, arrays)
    content = data.tobytes()
    for row, (start, end) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
        split = "test" if test[row] else "train"
        name = str(names[int(label[row])])
        yield Item(f"{split}-{row:05d}", image=content[start:end], label=name, split=split, source=path.name)


def _check_images(name: str, arrays: dict[str, np.ndarray]) -> None:
    """Raise `InputError` for inconsistent arrays: ends outside the bytes, or labels without a class name."""
    data, offsets, label, test, names = (arrays[key] for key in KEYS)
    shapes = all(array.ndim == 1 for array in (data, offsets, label, test, names))
    kinds = offsets.dtype.kind in "iu" and label.dtype.kind in "iu" and data.dtype == np.uint8
    if (
        not (shapes and kinds and len(label))
        or not len(label) == len(test) == len(offsets) - 1
        or offsets[0] < 0
        or (np.diff(offsets.astype(np.int64)) < 0).any()
        or offsets[-1] > len(data)
        or not 0 <= label.min() <= label.max() < len(names)
    ):
        raise InputError(
            f"{name}: data, offsets, label, is_test and class_names are inconsistent.",
            remedy="Pass concatenated images as uint8, n + 1 offsets, and n labels below the number of class names.",
        )


def places(
    workspace: Workspace, dataset: str, *, variants: Sequence[str], seeds: int | None, widths: Sequence[int]
) -> list[Place]:
    """The trainings of the table with their runs, seed by seed; variants with the most seeds come first."""
    for name in variants:
        if name not in VARIANTS:
            raise ConfigError(f"There is no variant {name!r}.", remedy=f"Known: {', '.join(VARIANTS)}.")
    chosen = [VARIANTS[name] for name in variants]
    known = sweeps.known(workspace)
    found = []
    for each in sorted(chosen, key=lambda variant: -variant.seeds):  # the main comparisons come first
        for seed in range(seeds or each.seeds):
            for width in widths:
                spec = _spec(workspace, dataset, each, width, seed)
                found.append(Place(each.name, width, seed, spec, known.get(training_key(spec))))
    return sorted(found, key=lambda place: (-VARIANTS[place.variant].seeds, place.seed))


def _spec(workspace: Workspace, dataset: str, variant: Variant, width: int, seed: int) -> TrainSpec:
    settings = {**TRAINING, **variant.settings, "qubits": width, "seed": seed, "split_seed": 0}
    name = f"QSSL: {variant.title}, seed {seed}" + (f", W = {width}" if width != 8 else "")
    request = TrainingRequest(
        dataset, head=variant.head, objective="ntxent", settings=settings, name=name, source="images"
    )
    return training_spec(workspace, request).model_copy(update={"threads": 1, "part_of": "a reproduction"})


def probe(
    workspace: Workspace, table: Sequence[Place], known: Sequence[Row], *, seeds: int, workers: int
) -> list[str]:
    """Queue the published probe of the first seeds of each variant that has no row for it.

    Stopped probes resume. Returns the ids of all active probes.
    """
    taken = _done(known, AS_PUBLISHED)
    begun = image_probe.newest(workspace)
    under_way = []
    for place in table:
        run = place.run
        if run is None or run.state != "finished" or place.seed >= seeds or place.key in taken:
            continue
        if image_views.published_probe(workspace, run.id) is not None:
            continue
        earlier = begun.get(run.id)
        if earlier is None or earlier.state == "finished":
            spec = image_probe.spec(workspace, run.id).model_copy(update={"threads": 1})
            under_way.append(queue.enqueue(workspace, spec))
            continue
        if not earlier.active:
            queue.resume(workspace, earlier.id, workers=workers)
        under_way.append(earlier.id)
    queue.dispatch(workspace, workers)
    return under_way


def rows(workspace: Workspace, table: Sequence[Place]) -> list[Row]:
    """Results of the finished trainings: one row per probe, accuracies in [0, 1].

    The row of a published probe also has the last honest accuracy of the same network, `honest`.
    """
    found: list[Row] = []
    for place in table:
        if place.run is None or place.run.state != "finished":
            continue
        about = {"variant": place.variant, "width": place.width, "seed": place.seed}
        honest = image_views.probes(workspace, place.run.id)
        own = [{**about, "step": each["step"], "protocol": HONEST, **_kept(each)} for each in honest]
        if own:
            own[-1]["seconds"] = round(_seconds(workspace, place.run.id), 1)
        found += own
        published = image_views.published_probe(workspace, place.run.id)
        if published is not None:
            step = int(place.spec.configs.training["steps"])
            beside = {"honest": honest[-1]["accuracy"]} if honest else {}
            found.append({**about, "step": step, "protocol": AS_PUBLISHED, **_kept(published), **beside})
    return found


def _seconds(workspace: Workspace, run_id: str) -> float:
    """Seconds from start to end of the last attempt."""
    read = read_log(workspace.run(run_id))
    return float(read.finish.get("time", 0)) - float(read.start.get("time", 0))


def _kept(each: dict[str, Any]) -> Row:
    return {key: each[key] for key in ("accuracy", "low", "high", "n", "classes", "confusion")}


def merged(known: Sequence[Row], fresh: Sequence[Row]) -> list[Row]:
    """Earlier rows, possibly from another machine, and new ones; the earlier row of the same probe wins.

    A seed trained again for its published probe is another sample, which must not change earlier results.
    """
    found = {tuple(row[key] for key in KEY): row for row in (*fresh, *known)}
    order = list(VARIANTS)
    return sorted(
        found.values(), key=lambda row: (order.index(row["variant"]), *(row[key] for key in KEY[1:]))
    )


def lacking(table: Sequence[Place], known: Sequence[Row], *, probes: int = 0) -> list[Place]:
    """The places to train here: those without a final honest probe in the known rows.

    Of the first `probes` seeds, also those without a published probe, since it needs the trained network, which may be
    on another machine.
    """
    done, probed = _done(known, HONEST), _done(known, AS_PUBLISHED)
    return [
        place for place in table if place.key not in done or (place.seed < probes and place.key not in probed)
    ]


def _done(known: Sequence[Row], protocol: str) -> set[tuple[str, int, int]]:
    """Keys of the places with a probe of this protocol after the last step."""
    return {
        (row["variant"], row["width"], row["seed"])
        for row in known
        if row["step"] == max(STEPS) and row["protocol"] == protocol
    }


def read(path: Path) -> list[Row]:
    """The rows of a saved table; empty without a file. A file of another kind raises `InputError`."""
    if not path.exists():
        return []
    try:
        found: list[Row] = json.loads(path.read_text(encoding="utf-8"))["rows"]
        if all(row["variant"] in VARIANTS and set(KEY) <= set(row) for row in found):
            return found
    except (ValueError, KeyError, TypeError) as err:
        raise InputError(
            f"{path} is not a table of this reproduction: {err}.", remedy="Pass another folder."
        ) from err
    raise InputError(f"{path} has unknown variants.", remedy="Pass another folder.")


@dataclass(frozen=True)
class Contrast:
    """Difference of the mean accuracies of two variants after the last step, in percentage points.

    `low` and `high` are Welch's 95 % interval. `p` is twice the smaller tail of a permutation test of the seeds'
    labels (exact for few seeds); `p_holm` is corrected for all contrasts of the table.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    seeds: tuple[int, int]

    @property
    def least(self) -> float:
        """The smallest p possible with these numbers of seeds: two of all assignments to the variants."""
        return min(1.0, 2 / math.comb(sum(self.seeds), self.seeds[0]))


def contrasts(table: Sequence[Row], *, width: int = 8, protocol: str = HONEST) -> list[Contrast]:
    """Contrasts of each variant with the classical twin, and of each control with its ring."""
    last = max(STEPS)
    values = {
        name: [100 * row["accuracy"] for row in table
               if (row["variant"], row["width"], row["protocol"], row["step"]) == (name, width, protocol, last)]
        for name in VARIANTS
    }  # fmt: skip
    pairs = [(name, "classical") for name in VARIANTS if name != "classical"]
    pairs += [
        ("ring", name) for name in ("ring_shots", "all_to_all", "unsquashed", "frozen", "separable", "linear")
    ]
    pairs = [pair for pair in pairs if min(len(values[name]) for name in pair) > 1]
    made = [_contrast(*pair, values) for pair in pairs]
    corrected = holm([each.p for each in made])
    return [replace(each, p_holm=float(p)) for each, p in zip(made, corrected, strict=True)]


def within_reach(made: Sequence[Contrast], *, level: float) -> list[bool]:
    """Which contrasts could reach a corrected p below `level` if each had the smallest p its seeds allow."""
    corrected = holm([each.least for each in made])
    return [bool(each < level) for each in corrected]


def _contrast(first: str, second: str, values: dict[str, list[float]]) -> Contrast:
    from scipy import stats

    one, other = np.array(values[first]), np.array(values[second])
    interval = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    tested = stats.permutation_test(
        (one, other), lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis), vectorized=True, n_resamples=20_000,
        random_state=np.random.default_rng(0),
    )  # fmt: skip
    mean, p = float(one.mean() - other.mean()), float(tested.pvalue)
    ends = float(interval.low), float(interval.high)
    return Contrast(first, second, mean, *ends, p, float("nan"), (len(one), len(other)))
