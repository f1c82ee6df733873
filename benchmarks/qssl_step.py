"""Measure the cost of QSSL's quantum layer in a training step on images, with shots, and against PennyLane.

    python benchmarks/qssl_step.py [--out FILE] [--repetitions N] [--threads N] [--batch N] [--shots N] [--only PART …]

Goals, at 8 qubits, 2 layers, batch 256: exact, the layer takes ≤ 15 % of an image step (two views of 32×32, ResNet-18,
augmentation left out); with 100 shots and parameter-shift it takes at most as long as the rest of the step; on
embeddings the step is ≥ 30 × as fast as the same network with PennyLane's TorchLayer on default.qubit. Without the
layer, the image network passes on the squashed values. All variants alternate in one process, so that a busy machine
slows all of them; fractions and ratios are computed within each turn.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in training: idle threads do not spin

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from qlatent.objectives.configs import NTXentConfig
from qlatent.objectives.contrast import NTXent
from qlatent.provenance import made_by
from qlatent.registry import HEADS, config_class, make_config, resolve
from qlatent.training.core.adam import Adam
from qlatent.training.images.network import LEARNING_RATE, ImageNetwork, ImageStep, resnet18

GOALS = {"exact": 0.15, "shots": 0.5, "pennylane": 30.0}
QUBITS, LAYERS = 8, 2
PARTS = ("images", "embeddings")
Steps = dict[str, Callable[[], object]]


def head(name: str = "qssl", **settings: Any) -> Any:
    """A head of one modality, 512 wide."""
    values = {"modalities": ("vector",), "qubits": QUBITS, "layers": LAYERS, **settings}
    return resolve(HEADS[name].target)(make_config(config_class("head", name), values))


def image_steps(batch: int, shots: int) -> Steps:
    """Steps on the same images without the layer, with it, and with shots."""
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.randn((batch, 3, 32, 32), generator=generator) for _ in range(2))

    def step(made: Any, *, without: bool = False) -> Callable[[], object]:
        if without:
            made.cores["vector"] = made.cores["vector"].squash
        taken = ImageStep(ImageNetwork(resnet18(seed=0), made))
        return lambda: taken(first, second)

    return {"without": step(head(), without=True), "exact": step(head()), "shots": step(head(shots=shots))}


class PennyLaneCore(nn.Module):
    """The same circuit as a PennyLane TorchLayer: RX(input), [RY, CRX ring] × layers, ⟨Z⟩ of each wire."""

    def __init__(self, core: Any) -> None:
        super().__init__()
        import pennylane as qml

        @qml.qnode(qml.device("default.qubit", wires=QUBITS), interface="torch", diff_method="backprop")
        def circuit(inputs: Tensor, weights: Tensor) -> list[Any]:
            qml.AngleEmbedding(inputs, wires=range(QUBITS), rotation="X")
            for layer in weights.reshape(LAYERS, 2, QUBITS):
                for wire in range(QUBITS):
                    qml.RY(layer[0, wire], wires=wire)
                for wire in range(QUBITS):
                    qml.CRX(layer[1, wire], wires=[wire, (wire + 1) % QUBITS])
            return [qml.expval(qml.PauliZ(wire)) for wire in range(QUBITS)]

        self.squash = core.squash
        self.layer = qml.qnn.TorchLayer(circuit, {"weights": core.weights.shape})
        with torch.no_grad():
            self.layer.weights.copy_(core.weights)

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = self.layer(self.squash(values)).to(values.dtype)
        return found


def embedding_steps(batch: int) -> Steps:
    """Steps on two views of vectors of width 512, with our layer and with PennyLane's."""
    generator = torch.Generator().manual_seed(0)
    views = [torch.nn.functional.normalize(torch.randn((batch, 512), generator=generator)) for _ in range(2)]
    loss = NTXent(NTXentConfig())

    def step(made: Any) -> Callable[[], float]:
        optimizer = Adam(made.parameters(), weight_decay=1e-6)

        def taken() -> float:
            seen = [made.project(made.encode({"vector": view}))["vector"] for view in views]
            total = loss.between(*seen)
            optimizer.zero_grad()
            total.backward()
            optimizer.step(rate=LEARNING_RATE)
            return float(total.detach())

        return taken

    ours, theirs = head(), head()
    theirs.cores["vector"] = PennyLaneCore(theirs.cores["vector"])
    steps = {"ours": step(ours), "pennylane": step(theirs)}
    first = {name: taken() for name, taken in steps.items()}  # equal initial weights
    assert abs(first["ours"] - first["pennylane"]) < 1e-3, first
    return steps


def measure(steps: Steps, *, repetitions: int, counts: dict[str, int]) -> dict[str, list[float]]:
    """Milliseconds per step by name, one value per turn."""
    for step in steps.values():
        step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repetitions):
        for name, step in steps.items():
            begun = time.perf_counter()
            for _ in range(counts.get(name, 1)):
                step()
            times[name].append((time.perf_counter() - begun) / counts.get(name, 1) * 1000)
    return times


def summary(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "quartile_1": low, "quartile_3": high}


def layer_times(batch: int, shots: int, repetitions: int) -> dict[str, dict[str, float]]:
    """Milliseconds of the layer alone, forward and backward, for both views."""
    steps: Steps = {}
    values = torch.randn((batch, QUBITS), generator=torch.Generator().manual_seed(0), requires_grad=True)
    for name, settings in (("exact", {}), ("shots", {"shots": shots})):
        core = head(**settings).train().cores["vector"]
        steps[name] = lambda core=core: [core(values).sum().backward() for _ in range(2)]
    times = measure(steps, repetitions=repetitions, counts={"exact": 10})
    return {name: summary(each) for name, each in times.items()}


def images(given: argparse.Namespace) -> dict[str, Any]:
    """The layer's fraction of an image step, exact and with shots, with the times."""
    times = measure(image_steps(given.batch, given.shots), repetitions=given.repetitions, counts={})
    shares = {
        name: [(a - b) / a for a, b in zip(times[name], times["without"], strict=True)]
        for name in ("exact", "shots")
    }
    alone = layer_times(given.batch, given.shots, given.repetitions)
    base = statistics.median(times["without"])
    return {
        "milliseconds": {name: summary(each) for name, each in times.items()},
        "share_of_step": {name: summary(each) for name, each in shares.items()},
        "layer_alone_milliseconds": alone,
        "share_from_layer_alone": {
            name: each["median"] / (each["median"] + base) for name, each in alone.items()
        },
    }


def embeddings(given: argparse.Namespace) -> dict[str, Any]:
    """Ratio of PennyLane's time for a step on embeddings, with one thread, as in workers, and with all."""
    found = {}
    for threads in sorted({1, given.threads}):
        torch.set_num_threads(threads)
        found[str(threads)] = _beside_pennylane(given)
    return found


def _beside_pennylane(given: argparse.Namespace) -> dict[str, Any]:
    times = measure(embedding_steps(given.batch), repetitions=given.repetitions, counts={"ours": 10})
    ratios = [a / b for a, b in zip(times["pennylane"], times["ours"], strict=True)]
    return {
        "milliseconds": {name: summary(each) for name, each in times.items()},
        "pennylane_over_ours": summary(ratios),
    }


def show(result: dict[str, Any]) -> None:
    """The table."""
    if "images" in result:
        found = result["images"]
        for name, took in found["milliseconds"].items():
            print(f"images, {name:8} {took['median']:9.1f} ms a step")
        for name, share in found["share_of_step"].items():
            print(
                f"  the layer, {name}: {share['median']:6.1%} of the step "
                f"(middle half {share['quartile_1']:.1%} to {share['quartile_3']:.1%}; goal ≤ {GOALS[name]:.0%}); "
                f"by itself {found['layer_alone_milliseconds'][name]['median']:.1f} ms, "
                f"{found['share_from_layer_alone'][name]:.1%}"
            )
    for threads, found in result.get("embeddings", {}).items():
        took, ratio = (found[key] for key in ("milliseconds", "pennylane_over_ours"))
        print(
            f"embeddings, threads {threads}: {took['ours']['median']:.1f} ms a step, "
            f"PennyLane {took['pennylane']['median']:.0f} ms"
        )
        print(
            f"  {ratio['median']:.0f} × (middle half {ratio['quartile_1']:.0f}–{ratio['quartile_3']:.0f}; "
            f"goal ≥ {GOALS['pennylane']:.0f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--shots", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    result = {part: {"images": images, "embeddings": embeddings}[part](given) for part in given.only}
    show(result)
    if given.out:
        about = {key: value for key, value in vars(given).items() if key != "out"}
        machine = {"python": platform.python_version(), "torch": torch.__version__, "cpus": os.cpu_count()}
        document = {"goals": GOALS, **result, "settings": about, "machine": machine}
        given.out.write_text(json.dumps({"made_by": made_by(), **document}, indent=2) + "\n")


if __name__ == "__main__":
    main()
