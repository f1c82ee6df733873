"""Measure the noisy twin of a device against the simulation of the whole device, and what a job sends.

    python benchmarks/hardware.py [--out FILE] [--repetitions N] [--whole-items N] [--device NAME]

QSSL's ring of 8 qubits and 2 layers on the twin of ibmq_paris: 64 items with 1,024 shots, as a job from submitting to
its results; the same items on the whole device of 27 qubits with Qiskit Aer, `--whole-items` of them, scaled; 900 items
with 100 shots, as in the paper; transpiling; bytes sent. The sides alternate; times are CPU seconds with one thread.
Goals: ≤ 4 s, ≥ 100 × faster than the whole device, ≤ 60 s, ≤ 0.2 s, ≤ 90 bytes an item and 5 KB.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator

from qlatent.circuits.bridges import to_qiskit
from qlatent.circuits.layouts import qssl_ring
from qlatent.hardware import snapshots, transpiling, twins
from qlatent.hardware.ibm.programs import Programs
from qlatent.hardware.opening import open_runner
from qlatent.hardware.work import RunOptions, Work
from qlatent.provenance import made_by

ITEMS, SHOTS, PAPER_ITEMS, PAPER_SHOTS = 64, 1024, 900, 100
GOALS = {
    "twin": 4.0,
    "paper": 60.0,
    "transpile": 0.2,
    "ratio": 100.0,
    "bytes_an_item": 90,
    "bytes_more": 5_000,
}


def work(items: int, shots: int) -> Work:
    """Random angles in (0, π) and weights in (0, 2π), the worst case."""
    circuit, rng = qssl_ring(8, 2), np.random.default_rng(0)
    weights = rng.uniform(0, 2 * np.pi, circuit.weights)
    return Work(circuit, weights, rng.uniform(0, np.pi, (items, 8)), RunOptions(shots=shots))


def on_twin(given: Work, device: str) -> None:
    """A job on the twin, from submitting to its results."""
    runner = open_runner(f"twin:{device}")
    handle = runner.submit(given, tag="benchmark")
    while runner.poll(handle).state == "running":
        pass
    assert not runner.fetch(handle).missing


def on_whole_device(given: Work, device: str) -> None:
    """The same circuits on the device with all its qubits, as Qiskit Aer simulates it."""
    backend = snapshots.backend(device)
    manager = generate_preset_pass_manager(optimization_level=3, target=backend.target, seed_transpiler=0)
    circuit = to_qiskit.bind(given.circuit, weights=given.weights)
    circuit.measure_all()
    made = manager.run(circuit)
    simulator = AerSimulator.from_backend(backend, max_parallel_threads=1)
    names = [each.name for each in made.parameters]
    rows = [dict(zip(names, row[[int(name[1:]) for name in names]], strict=True)) for row in given.angles]
    simulator.run(
        [made.assign_parameters(row) for row in rows], shots=given.options.shots
    ).result().get_counts()


def cpu(call: Callable[[], object]) -> float:
    """CPU seconds of a call."""
    begin = time.process_time()
    call()
    return time.process_time() - begin


def told(name: str, values: list[float], scale: float = 1.0) -> None:
    scaled = sorted(scale * value for value in values)
    print(
        f"{name:40}{statistics.median(scaled):10.3f} s CPU ({scaled[0]:.3f} to {scaled[-1]:.3f})", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "hardware.json")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--whole-items", type=int, default=8)
    parser.add_argument("--device", default="paris")
    asked = parser.parse_args()
    many, paper = work(ITEMS, SHOTS), work(PAPER_ITEMS, PAPER_SHOTS)
    few = work(asked.whole_items, SHOTS)
    target = twins.of_snapshot(f"fake_{asked.device}", 8).target
    sides: dict[str, Callable[[], object]] = {
        "transpile": lambda: transpiling.programs(many, target),
        "twin": lambda: on_twin(many, asked.device),
        "whole": lambda: on_whole_device(few, asked.device),
        "paper": lambda: on_twin(paper, asked.device),
    }
    sides["transpile"](), on_twin(work(2, 10), asked.device)  # warms up: libraries are loaded once
    turns: dict[str, list[float]] = {name: [] for name in sides}
    pair_gates = transpiling.programs(many, target)[0].transpiled.pair_gates
    sent = {len(each): Programs(each, target).estimate(10**9).payload_bytes for each in (many, paper)}
    for turn in range(asked.repetitions):
        for name, call in sides.items():
            turns[name].append(cpu(call))
            print(f"turn {turn + 1}: {name} {turns[name][-1]:.3f} s CPU", flush=True)
        scale = ITEMS / asked.whole_items
        ratios = [scale * whole / twin for whole, twin in zip(turns["whole"], turns["twin"], strict=True)]
        document = {
            "device": asked.device, "items": ITEMS, "shots": SHOTS, "whole_items": asked.whole_items,
            "cpu_seconds": turns, "ratio": ratios, "pair_gates": pair_gates,
            "payload_bytes": sent, "goals": GOALS, "made_by": made_by(),
        }  # fmt: skip
        asked.out.write_text(
            json.dumps(document, indent=1) + "\n", encoding="utf-8"
        )  # a long benchmark: after each turn
    told("transpiling", turns["transpile"])
    told(f"{ITEMS} items × {SHOTS:,} shots on the twin", turns["twin"])
    told(f"the same on the whole device, from {asked.whole_items}", turns["whole"], scale)
    print(f"{'ratio':40}{statistics.median(ratios):10.0f} × ({min(ratios):.0f} to {max(ratios):.0f})")
    told(f"{PAPER_ITEMS} items × {PAPER_SHOTS} shots on the twin", turns["paper"])
    for items, size in sent.items():
        print(
            f"{f'sent for {items} items':40}{size:10,} bytes ({(size - 5_000) / items:.0f} an item beyond 5 KB)"
        )


if __name__ == "__main__":
    main()
