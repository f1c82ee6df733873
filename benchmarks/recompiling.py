"""Measure recompiling an item's circuit: its time, the overlap that it reaches, the gates that it leaves, and what it
gains on a device's noise.

    python benchmarks/recompiling.py [--out FILE] [--items N] [--seeds N] [--noisy-items N]

QSSL's ring of 8 qubits and 2 layers on a line. Weights are those of heads trained from the default start on vectors in
clusters, with the angles that these heads compute; and drawn ones at several distances from 0 with random angles in
(0, π): 0.354, which is 8^-0.5, is the spread of the default start. CPU seconds with one thread; two-qubit gates after
transpiling for a line of ibmq_paris; mean error of ⟨Z⟩ without shots on the twins of ibmq_paris and ibm_fez, of the
circuit as it is and recompiled. Goals: ≤ 0.2 s an item, and an overlap of 0.99 from the default start and after it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np

import qlatent
from qlatent.circuits.layouts import qssl_ring
from qlatent.hardware import recompile, transpiling, twins
from qlatent.hardware.opening import open_runner
from qlatent.hardware.work import RunOptions, Work
from qlatent.heads import arrays
from qlatent.provenance import made_by
from qlatent.services.experiments.on_device import finished

WANTED = 0.99
GOALS = {"seconds_an_item": 0.2, "share_default_start": 1.0, "share_trained": 1.0}
NAMES = ("trained", "0.1", "0.354", "1.0", "uniform")
DEVICES = ("fake_paris", "fake_fez")
EPOCHS, CLUSTERS, VECTORS = 30, 5, 400


def drawn(name: str, *, seed: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights and the angles of items: of a trained head, or drawn around 0 with this spread, or over the circle."""
    circuit, rng = qssl_ring(8, 2), np.random.default_rng(seed)
    if name == "trained":
        return trained(rng, seed=seed, items=items)
    uniform = name == "uniform"
    weights = (
        rng.uniform(-np.pi, np.pi, circuit.weights)
        if uniform
        else rng.normal(0, float(name), circuit.weights)
    )
    return weights, rng.uniform(0, np.pi, (items, 8))


def trained(rng: np.random.Generator, *, seed: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of a ring that was trained on vectors in clusters, and the angles of some of these."""
    vectors = rng.normal(size=(CLUSTERS, 512))[rng.integers(CLUSTERS, size=VECTORS)] + rng.normal(
        size=(VECTORS, 512)
    )
    head = qlatent.create("qssl", seed=seed, epochs=EPOCHS).fit(vectors.astype(np.float32)).model_
    fed = arrays.circuit_inputs(head, {"vector": vectors[:items].astype(np.float32)})
    weights = head.state_dict()[head.config.circuit_tensor("vector")]
    return weights.double().numpy(), fed["vector"].astype(float)


def measured(name: str, *, seed: int, items: int, noisy_items: int, target: Any) -> dict[str, float]:
    """One draw of weights: CPU an item, share of items that reach the overlap, gates and errors before and after."""
    circuit, (weights, angles) = qssl_ring(8, 2), drawn(name, seed=seed, items=items)
    next(recompile.recompile(circuit, angles[:1], weights))  # warms up
    begin = time.process_time()
    made = list(recompile.recompile(circuit, angles, weights, overlap=WANTED))
    seconds = (time.process_time() - begin) / items
    before = Work(circuit, weights, angles, RunOptions(shots=0))
    circuits = tuple(each.circuit for each in made)
    after = Work(circuit, weights, np.zeros((items, 0)), RunOptions(shots=0), circuits=circuits)
    gates = [each.transpiled.pair_gates for each in transpiling.programs(after, target)]
    return {
        "weights_spread": float(weights.std()),
        "seconds_an_item": seconds,
        "share": float(np.mean([each.overlap >= WANTED for each in made])),
        "least_overlap": min(each.overlap for each in made),
        "pair_gates_before": transpiling.programs(before, target)[0].transpiled.pair_gates,
        "pair_gates_after": statistics.median(gates),
        "pair_gates_most": max(gates),
    } | errors(before, after, noisy_items)


def errors(before: Work, after: Work, items: int) -> dict[str, float]:
    """Mean absolute error of ⟨Z⟩ of the first items on each device's twin, by exact density matrices."""
    first, few = (
        Work(before.circuit, before.weights, before.angles[:items], before.options),
        Work(
            after.circuit, after.weights, after.angles[:items], after.options, circuits=after.circuits[:items]
        ),
    )
    exact = finished(open_runner("exact"), first).expectations
    return {
        f"{device}_{name}": float(
            np.abs(finished(open_runner(f"twin:{device}"), given).expectations - exact).mean()
        )
        for device in DEVICES
        for name, given in (("before", first), ("after", few))
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "recompiling.json")
    parser.add_argument("--items", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--noisy-items", type=int, default=5)
    asked = parser.parse_args()
    target = twins.of_snapshot("fake_paris", 8).target
    found: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    for seed in range(asked.seeds):  # in turns, so that a busy moment of the machine is in all of them
        for name in NAMES:
            found[name].append(
                measured(name, seed=seed, items=asked.items, noisy_items=asked.noisy_items, target=target)
            )
        print(f"seed {seed} of {asked.seeds}", flush=True)
    document = {"items": asked.items, "noisy_items": asked.noisy_items, "seeds": asked.seeds, "overlap": WANTED,
                "goals": GOALS, "weights": found, "made_by": made_by()}  # fmt: skip
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    show(found)


def show(found: dict[str, list[dict[str, float]]]) -> None:
    """Print one row for each kind of weights."""
    print(
        f"{'weights':10}{'s an item':>22}{'reach 0.99':>12}{'least':>8}{'gates before':>14}{'after':>7}{'most':>6}"
        + "".join(f"{'error on ' + device:>24}" for device in DEVICES)
    )
    for name, draws in found.items():
        seconds = sorted(each["seconds_an_item"] for each in draws)
        print(
            f"{name:10}{statistics.median(seconds):8.3f} ({seconds[0]:.3f} to {seconds[-1]:.3f})"
            f"{100 * statistics.mean(each['share'] for each in draws):10.1f} %"
            f"{min(each['least_overlap'] for each in draws):8.3f}"
            f"{statistics.median(each['pair_gates_before'] for each in draws):14.0f}"
            f"{statistics.median(each['pair_gates_after'] for each in draws):7.1f}"
            f"{max(each['pair_gates_most'] for each in draws):6.0f}"
            + "".join(
                f"{statistics.mean(each[f'{device}_before'] for each in draws):13.3f} → "
                f"{statistics.mean(each[f'{device}_after'] for each in draws):.3f}   "
                for device in DEVICES
            )
        )


if __name__ == "__main__":
    main()
