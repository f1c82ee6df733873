"""Measure the cost of the circuits: a training step of ACQUA against its twin with tanh(Linear).

    python benchmarks/acqua_step.py [--out FILE] [--repetitions N] [--steps N] [--batch N] [--qubits N]
    [--depth N]

Goal: ≤ 2 × at 4 qubits, depth 6, batch 128, both modalities. A step is batch → latents → reconstructions → loss →
gradients → Adam. The heads alternate in one process, so that a busy machine slows all of them; ratios are computed
within each turn.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from qlatent.heads.base import AbstractHead
from qlatent.objectives.acqua import AcquaObjective
from qlatent.provenance import made_by
from qlatent.registry import HEADS, resolve
from qlatent.training.core.configs import split_settings

GOAL = 2.0
TWIN = "acqua_twin"


def stepper(name: str, batch: int, settings: dict[str, Any]) -> Callable[[], None]:
    """One training step of a fresh head on one batch of unit vectors, 512 wide."""
    configs = split_settings(name, "acqua", settings)
    head: AbstractHead = resolve(HEADS[name].target)(configs.head)
    objective = AcquaObjective(configs.objective)
    optimizer = torch.optim.Adam(head.parameters(), lr=configs.training.learning_rate)
    generator = torch.Generator().manual_seed(0)
    drawn = {m: torch.randn((batch, width), generator=generator) for m, width in head.input_dims.items()}
    inputs = {modality: torch.nn.functional.normalize(x, dim=1) for modality, x in drawn.items()}

    def step() -> None:
        latents = head.encode(inputs)
        losses = objective(inputs, latents, head.decode(latents))
        optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()
        optimizer.step()

    return step


def measure(steps: dict[str, Callable[[], None]], *, repetitions: int, count: int) -> dict[str, list[float]]:
    """Milliseconds per step by head, one value per turn."""
    for step in steps.values():
        for _ in range(20):
            step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repetitions):
        for name, step in steps.items():
            begun = time.perf_counter()
            for _ in range(count):
                step()
            times[name].append((time.perf_counter() - begun) / count * 1000)
    return times


def summary(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "quartile_1": low, "quartile_3": high}


def report(times: dict[str, list[float]]) -> dict[str, Any]:
    """Times of each head, and ratios to the twin within each turn."""
    ratios = {
        name: [a / b for a, b in zip(values, times[TWIN], strict=True)] for name, values in times.items()
    }
    return {
        "milliseconds": {name: summary(values) for name, values in times.items()},
        "ratio_to_twin": {name: summary(values) for name, values in ratios.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=25)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--qubits", type=int, default=4)
    parser.add_argument("--depth", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    size = {"qubits": given.qubits}
    steps = {
        "acqua": stepper("acqua", given.batch, {**size, "depth": given.depth}),
        TWIN: stepper(TWIN, given.batch, size),
        "acqua_linear": stepper("acqua_linear", given.batch, size),
    }
    result = report(measure(steps, repetitions=given.repetitions, count=given.steps))
    for name in steps:
        took, ratio = result["milliseconds"][name], result["ratio_to_twin"][name]
        print(
            f"{name:14} {took['median']:7.2f} ms a step   {ratio['median']:5.2f} × the twin "
            f"(middle half {ratio['quartile_1']:.2f}–{ratio['quartile_3']:.2f})"
        )
    print(f"goal: acqua ≤ {GOAL} × the twin")
    if given.out:
        about = {key: value for key, value in vars(given).items() if key != "out"}
        machine = {"python": platform.python_version(), "torch": torch.__version__, "cpus": os.cpu_count()}
        given.out.write_text(
            json.dumps(
                {"made_by": made_by(), "goal": GOAL, **result, "settings": about, "machine": machine},
                indent=2,
            )
        )


if __name__ == "__main__":
    main()
