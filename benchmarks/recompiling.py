"""Measure recompiling an item's circuit: its time, the overlap that it reaches, the two-qubit gates that it leaves.

    python benchmarks/recompiling.py [--out FILE] [--items N] [--seeds N]

QSSL's ring of 8 qubits and 2 layers on a line, random angles in (0, π), weights at several distances from 0: 0.354,
which is 8^-0.5, is the spread of the default start. CPU seconds with one thread; two-qubit gates after transpiling for
a line of ibmq_paris. Goals: ≤ 0.2 s an item, and an overlap of 0.99 for heads trained from the default start.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.circuits.layouts import qssl_ring
from qlatent.hardware import recompile, transpiling, twins
from qlatent.hardware.work import RunOptions, Work
from qlatent.provenance import made_by

WANTED = 0.99
GOALS = {"seconds_an_item": 0.2, "share_default_start": 1.0}
SCALES = (0.1, 0.354, 1.0)


def weights_of(name: str, rng: np.random.Generator, count: int) -> np.ndarray:
    """Normal weights of this scale, or uniform ones over the whole circle."""
    return rng.uniform(-np.pi, np.pi, count) if name == "uniform" else rng.normal(0, float(name), count)


def measured(name: str, *, seed: int, items: int, target: Any) -> dict[str, float]:
    """One draw of weights: CPU an item, share of items that reach the overlap, two-qubit gates before and after."""
    circuit, rng = qssl_ring(8, 2), np.random.default_rng(seed)
    weights, angles = weights_of(name, rng, circuit.weights), rng.uniform(0, np.pi, (items, 8))
    begin = time.process_time()
    made = list(recompile.recompile(circuit, angles, weights, overlap=WANTED))
    seconds = (time.process_time() - begin) / items
    before = Work(circuit, weights, angles, RunOptions())
    after = Work(
        circuit, weights, np.zeros((items, 0)), RunOptions(), circuits=tuple(each.circuit for each in made)
    )
    gates = [each.transpiled.pair_gates for each in transpiling.programs(after, target)]
    return {
        "seconds_an_item": seconds,
        "share": float(np.mean([each.overlap >= WANTED for each in made])),
        "least_overlap": min(each.overlap for each in made),
        "pair_gates_before": transpiling.programs(before, target)[0].transpiled.pair_gates,
        "pair_gates_after": statistics.median(gates),
        "pair_gates_most": max(gates),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "recompiling.json")
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    target = twins.of_snapshot("fake_paris", 8).target
    names = [*map(str, SCALES), "uniform"]
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for seed in range(asked.seeds):  # in turns, so that a busy moment of the machine is in all of them
        for name in names:
            found[name].append(measured(name, seed=seed, items=asked.items, target=target))
    document = {"items": asked.items, "seeds": asked.seeds, "overlap": WANTED, "goals": GOALS, "weights": found,
                "made_by": made_by()}  # fmt: skip
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(
        f"{'weights':10}{'s an item':>22}{'reach 0.99':>12}{'least':>8}{'gates before':>14}{'after':>7}{'most':>6}"
    )
    for name, draws in found.items():
        seconds = sorted(each["seconds_an_item"] for each in draws)
        print(
            f"{name:10}{statistics.median(seconds):8.3f} ({seconds[0]:.3f} to {seconds[-1]:.3f})"
            f"{100 * statistics.mean(each['share'] for each in draws):10.0f} %"
            f"{min(each['least_overlap'] for each in draws):8.2f}"
            f"{statistics.median(each['pair_gates_before'] for each in draws):14.0f}"
            f"{statistics.median(each['pair_gates_after'] for each in draws):7.1f}"
            f"{max(each['pair_gates_most'] for each in draws):6.0f}"
        )


if __name__ == "__main__":
    main()
