"""Measure scaling of a training step of the circuit engines: time by qubits and batch, memory by gates and batch.

    python benchmarks/circuit_sizes.py [--out FILE] [--repetitions N] [--threads N]

The QSSL ring, float32, forward and backward. Times: alternating engines, median and quartiles. Memory: growth of the
peak over one step in a separate process (Linux), which excludes the libraries' own memory, compared with PennyLane's
default.qubit (backpropagation, whole batch).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in training: idle threads do not spin

import argparse
import json
import multiprocessing
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from qlatent.circuits import layouts, simulate
from qlatent.circuits.circuit import Circuit
from qlatent.provenance import made_by

ENGINES = ("compiled", "torch")
QUBITS = (4, 6, 8, 10, 12, 14, 16)
BATCHES = (1, 4, 16, 64, 256, 1024, 4096)
LAYERS, GATE_BATCHES = (2, 8, 32), (256, 1024, 4096)


def step(circuit: Circuit, batch: int, engine: str) -> Callable[[], Any]:
    """One forward and backward pass on fixed random angles."""
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(batch, circuit.inputs, generator=generator, requires_grad=True)
    weights = torch.randn(circuit.weights, generator=generator, requires_grad=True)
    if engine == "pennylane":
        from qlatent.circuits.bridges import to_pennylane

        node = to_pennylane.qnode(circuit, interface="torch")

        def expectations() -> torch.Tensor:
            return torch.stack(list(node(inputs, weights)))
    else:
        expectations = partial(simulate.expectations, circuit, inputs, weights, engine=engine)
    return lambda: torch.autograd.grad(expectations().sum(), [inputs, weights])


def times(cases: dict[int, tuple[Circuit, int]], repetitions: int) -> list[dict[str, Any]]:
    """Milliseconds per step for each size, engines alternating; few repetitions if one takes seconds."""
    rows = []
    for size, (circuit, batch) in cases.items():
        steps = {engine: step(circuit, batch, engine) for engine in ENGINES}
        taken: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        for turn in range(repetitions + 1):
            for engine, run in steps.items():
                begun = time.perf_counter()
                run()
                if turn:  # the first turn compiles and fills caches
                    taken[engine].append(1000 * (time.perf_counter() - begun))
        rows.append(
            {"size": size, "batch": batch, **{engine: spread(each) for engine, each in taken.items()}}
        )
        print(
            f"{size:>6} {batch:>6} " + "  ".join(f"{e} {rows[-1][e]['median']:10.2f} ms" for e in ENGINES),
            flush=True,
        )
    return rows


def spread(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, _, high = statistics.quantiles(values, n=4)
    return {"median": statistics.median(values), "low": low, "high": high}


def peak(engine: str, layers: int, batch: int, queue: Any) -> None:
    """Puts the growth of this process's peak memory over one step, in MB, into the queue."""
    step(layouts.qssl_ring(8, layers), 1, engine)()  # imports, kernels
    again = step(layouts.qssl_ring(8, layers), batch, engine)
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak
    before = _status("VmRSS")
    again()
    queue.put((_status("VmHWM") - before) / 1024)


def _status(name: str) -> int:
    """A memory value of this process from Linux, in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name + ":")))


def memory(engine: str, layers: int, batch: int) -> float:
    """MB that one step of the 8-qubit ring needs."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=peak, args=(engine, layers, batch, queue))
    process.start()
    result = float(queue.get(timeout=600))
    process.join()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    print("time against qubits, 2 layers, batch 64")
    by_qubits = times({n: (layouts.qssl_ring(n, 2), 64) for n in QUBITS}, given.repetitions)
    print("time against batch, 8 qubits, 2 layers")
    by_batch = times({b: (layouts.qssl_ring(8, 2), b) for b in BATCHES}, given.repetitions)
    print("peak memory of a step, 8 qubits, MB")
    rows = []
    for layers in LAYERS:
        for batch in GATE_BATCHES:
            row: dict[str, Any] = {"gates": 8 + 16 * layers, "batch": batch}
            for engine in (*ENGINES, "pennylane"):
                if engine != "pennylane" or layers * batch <= 32 * 1024:
                    row[engine] = memory(engine, layers, batch)
            rows.append(row)
            print(row, flush=True)
    if given.out:
        result = {
            "time_by_qubits": by_qubits, "time_by_batch": by_batch, "memory_mb": rows,
            "machine": {"python": platform.python_version(), "torch": torch.__version__,
                        "processor": platform.processor() or platform.machine(), "threads": given.threads},
        }  # fmt: skip
        given.out.write_text(json.dumps({"made_by": made_by(), **result}, indent=2) + "\n")


if __name__ == "__main__":
    main()
