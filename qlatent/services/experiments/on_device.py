"""The reproduction's second table: trained networks classify images by circuits on a device's noise. Torch-free.

Jaderberg et al. 2021 (arXiv 2103.14653, Fig. 6) run 900 test images with 100 shots on ibmq_paris, each circuit
recompiled for it, and classify them by the linear probe of the same network. Here the device is its twin: a line of
qubits with the errors of a calibration snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qlatent.hardware import opening, recompile
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import Outcome, RunOptions, Work
from qlatent.services.experiments.reproduction import VARIANTS, Place, Row
from qlatent.services.runs import specs
from qlatent.services.runs.specs import ImageTraining
from qlatent.services.training import image_probe
from qlatent.services.training.kinds.images import work as images
from qlatent.services.training.kinds.table import run_configs
from qlatent.store.workspace import Workspace
from qlatent.types import Progress

if TYPE_CHECKING:
    from qlatent.training.images.data import ImageData

IMAGES, SHOTS = 900, 100
PUBLISHED = {"recompiled": 47.00, "classical": 47.27}
"""Accuracy in percent: ibmq_paris with recompiled circuits, and the best classical network on the same images."""

MODES = {
    "exact": "simulated exactly",
    "shots": "without noise",
    "device": "on the twin",
    "recompiled": "on the twin, recompiled",
}


@dataclass(frozen=True)
class OnDevice:
    """What is asked: the device's name as in `hardware.opening`, images and shots."""

    device: str
    images: int = IMAGES
    shots: int = SHOTS
    overlap: float = 0.99  # that a recompiled circuit must reach
    drawn: int = 0  # seed of the images and of the shots


@dataclass(frozen=True, eq=False)
class _Network:
    """A trained network's circuit, fed for the chosen images, and what classifies its outputs."""

    fed: Work
    classify: Callable[
        [NDArray[np.float64]], NDArray[np.int64]
    ]  # outputs (images, observables) → (classes, classes)


def is_measured(place: Place, asked: OnDevice, known: Sequence[Row]) -> bool:
    """Whether these rows hold a training's results for this request."""
    about = _about(place, asked)
    return any(about == {key: row[key] for key in about} for row in known)


def ordered(rows: Sequence[Row]) -> list[Row]:
    """Rows by variant, width, seed and mode, as in the table of variants."""
    variants, modes = list(VARIANTS), list(MODES)
    return sorted(
        rows, key=lambda row: (variants.index(row["variant"]), row["width"], row["seed"], modes.index(row["mode"]))
    )  # fmt: skip


def measure(
    workspace: Workspace, places: Sequence[Place], asked: OnDevice, *, progress: Progress
) -> list[Row]:
    """One row for each finished training and mode; a head without a circuit has the mode "exact" only.

    A row holds accuracy in [0, 1] with its Wilson interval, confusion matrix, and of recompiled circuits the mean
    overlap and how many reach the wanted one.
    """
    made: list[Row] = []
    finished = [place for place in places if place.run is not None and place.run.state == "finished"]
    data: ImageData | None = None
    for number, place in enumerate(finished):
        assert place.run is not None
        folder = workspace.run(place.run.id)
        spec = specs.expected(specs.of(folder), ImageTraining)
        if data is None:  # all trainings of the table are on the same images
            data = images.load_images(workspace, spec, run_configs(spec))
        made += [_about(place, asked) | row for row in _rows(workspace, place.run.id, data, asked)]
        progress(number + 1, len(finished))
    return made


def _about(place: Place, asked: OnDevice) -> Row:
    return {"variant": place.variant, "width": place.width, "seed": place.seed} | asdict(asked)


def _rows(workspace: Workspace, run_id: str, data: ImageData, asked: OnDevice) -> Iterator[Row]:
    found = _network(workspace, run_id, data, asked)
    if isinstance(found, dict):
        yield found
        return
    for mode in MODES:
        outcome, about = _executed(found.fed, mode, asked)
        table = found.classify(outcome.expectations)
        yield _row(mode, table, data.probed_classes) | about | {"seconds": round(outcome.seconds, 1)}


def _executed(fed: Work, mode: str, asked: OnDevice) -> tuple[Outcome, dict[str, Any]]:
    """The outcome of one mode, and what is told of recompiling."""
    options = RunOptions(shots=0 if mode == "exact" else asked.shots, seed=asked.drawn)
    device = asked.device if mode in ("device", "recompiled") else mode
    about: dict[str, Any] = {}
    given = replace(fed, options=options)
    if mode == "recompiled":
        made = list(recompile.recompile(fed.circuit, fed.angles, fed.weights, overlap=asked.overlap))
        reached = np.array([each.overlap for each in made])
        about = {"mean_overlap": float(reached.mean()), "reached": int((reached >= asked.overlap).sum())}
        given = replace(given, circuits=tuple(each.circuit for each in made), angles=np.zeros((len(made), 0)))
    runner = opening.open_runner(device, seed=asked.drawn)
    if mode in ("device", "recompiled"):
        about["pair_gates"] = runner.estimate(given).pair_gates
    return finished(runner, given), about


def finished(runner: AbstractRunner, given: Work) -> Outcome:
    """The outcome of a job on a simulator, carried out here."""
    handle = runner.submit(given, tag="reproduction")
    while runner.poll(handle).state in ("created", "queued", "running"):
        pass  # each poll computes a part
    return runner.fetch(handle)


def _network(workspace: Workspace, run_id: str, data: ImageData, asked: OnDevice) -> _Network | Row:
    """The network of a run, or the row of one without a circuit."""
    import torch

    from qlatent.heads import arrays
    from qlatent.training.images import probe
    from qlatent.training.images.augmentation import plain
    from qlatent.training.images.configs import ProbeConfig

    spec = specs.expected(specs.of(workspace.run(run_id)), ImageTraining)
    training = run_configs(spec).training
    network = image_probe.load_network(workspace.run(run_id))
    train, test = data.probes or (None, None)
    assert train is not None and test is not None
    layer, _ = probe.fitted(network.represent, train, ProbeConfig(seed=training.seed), size=training.size)
    chosen = drawn(test.labels.numpy(), asked.images, seed=asked.drawn)
    shown, labels = plain(test.images[chosen], size=training.size), test.labels[chosen]
    if network.head.circuit is None:
        return _row("exact", probe.confusion(layer, network.represent(shown), labels), data.probed_classes)
    with torch.no_grad():
        fed = network.head.circuit_inputs(
            {network.modality: network.backbone(shown)}
        )  # as in training: not scaled
    weights = network.head.state_dict()[network.head.config.circuit_tensor(network.modality)]

    def classify(outputs: NDArray[np.float64]) -> NDArray[np.int64]:
        latents = arrays.circuit_latents(network.head, {network.modality: outputs})[network.modality]
        return probe.confusion(layer, torch.as_tensor(latents, dtype=torch.float32), labels)

    given = Work(network.head.circuit, weights.double().numpy(), fed[network.modality].double().numpy())
    return _Network(given, classify)


def drawn(labels: NDArray[np.int64], count: int, *, seed: int) -> NDArray[np.int64]:
    """Positions of `count` images, the same number of each class, drawn by the seed; fewer where a class has fewer."""
    rng = np.random.default_rng(seed)
    each = count // len(np.unique(labels))
    parts = [rng.permutation(np.flatnonzero(labels == label))[:each] for label in np.unique(labels)]
    return np.sort(np.concatenate(parts))


def _row(mode: str, table: NDArray[np.int64], classes: tuple[str, ...]) -> Row:
    from scipy.stats import binomtest

    right, total = int(np.trace(table)), int(table.sum())
    interval = binomtest(right, total).proportion_ci(method="wilson")
    return {
        "mode": mode, "accuracy": right / total, "low": float(interval.low), "high": float(interval.high), "n": total,
        "classes": list(classes), "confusion": table.tolist(),
    }  # fmt: skip
