"""Measure the circuit engines against other simulators: forward and backward of batches, and inference.

    pip install -r requirements-bench.txt
    python benchmarks/simulators.py [--out FILE] [--repetitions N] [--threads N] [--only NAME …]

Every simulator gets the same circuit, inputs and weights (float32 or complex64 if configurable), and its expectations
and gradients must agree with ours before it is timed. All alternate in one process; ratios are computed within each
turn. A simulator that takes seconds gets a smaller batch, scaled up in proportion, which is noted. Also prints the
compiled engine's arithmetic rate compared with that of a matrix product.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in training: idle threads do not spin

import argparse
import json
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qlatent.circuits import layouts, simulate
from qlatent.circuits.circuit import Circuit, Operation
from qlatent.circuits.engines.rotations import rotations
from qlatent.provenance import made_by

Function = Callable[[Tensor, Tensor], Tensor]
PEERS = (
    "pennylane default",
    "pennylane lightning",
    "tensorcircuit-ng",
    "pyqtorch",
    "qiskit-machine-learning",
)
OURS = ("compiled", "torch")


@dataclass(frozen=True)
class Case:
    """A row of the table; `small` is the number of samples for slow simulators."""

    name: str
    circuit: Circuit
    batch: int
    small: int
    skip: tuple[str, ...] = ()


CASES = (
    Case("QSSL ring, 8 qubits, 2 layers", layouts.qssl_ring(8, 2), 256, 2),
    Case("CLIP-ACQUA, 4 qubits, depth 6", layouts.dressed(4, 6), 256, 16),
    Case("CLIP-ACQUA, 10 qubits, depth 6", layouts.dressed(10, 6), 256, 2, ("qiskit-machine-learning",)),
    Case("ring, 12 qubits, 2 layers", layouts.qssl_ring(12, 2), 64, 4, ("qiskit-machine-learning",)),
    Case("ring, 14 qubits, 2 layers", layouts.qssl_ring(14, 2), 64, 2, ("qiskit-machine-learning",)),
)
SLOW = ("pennylane lightning", "qiskit-machine-learning")


def angle(operation: Operation, inputs: Any, weights: Any) -> Any:
    """The angle of a one-parameter gate."""
    (parameter,) = operation.parameters
    return {"input": inputs, "weight": weights}[parameter.kind][parameter.index]


def ours(circuit: Circuit, engine: str) -> Function:
    """One of our own engines."""
    return lambda x, w: simulate.expectations(circuit, x, w, engine=engine)


def pennylane(circuit: Circuit, device: str, diff_method: str) -> Function:
    """PennyLane, broadcast over the batch."""
    import pennylane as qml

    names = {"H": "Hadamard"}

    @qml.qnode(qml.device(device, wires=circuit.qubits), interface="torch", diff_method=diff_method)
    def node(x: Tensor, w: Tensor) -> Any:
        for operation in circuit.operations:
            gate = getattr(qml, names.get(operation.gate, operation.gate))
            angles = [angle(operation, x.T, w)] if operation.parameters else []
            gate(*angles, wires=operation.wires)
        return [qml.expval(qml.PauliZ(wire)) for wire in range(circuit.qubits)]

    return lambda x, w: torch.stack(list(node(x, w)), dim=-1)


def tensorcircuit(circuit: Circuit) -> Function:
    """TensorCircuit-NG with its torch backend, vectorised by vmap."""
    import tensorcircuit as tc

    backend = tc.set_backend("pytorch")
    tc.set_dtype("complex64")

    def one(x: Tensor, w: Tensor) -> Tensor:
        made = tc.Circuit(circuit.qubits)
        for operation in circuit.operations:
            angles = {"theta": angle(operation, x, w)} if operation.parameters else {}
            getattr(made, operation.gate.lower())(*operation.wires, **angles)
        probabilities = torch.abs(made.state()) ** 2
        return probabilities @ signs

    signs = torch.tensor(z_signs(circuit.qubits), dtype=torch.float32)
    return backend.vmap(one, vectorized_argnums=0)  # type: ignore[no-any-return]


def z_signs(qubits: int) -> np.ndarray:
    """±1 of Z on each wire, wire 0 leftmost: (2^qubits, qubits)."""
    basis = np.arange(2**qubits)[:, None]
    return 1 - 2 * (basis >> np.arange(qubits - 1, -1, -1) & 1)


def pyqtorch(circuit: Circuit) -> Function:
    """PyQTorch's statevector with autograd."""
    import pyqtorch as pyq

    operations = []
    for operation in circuit.operations:
        wires = operation.wires if len(operation.wires) > 1 else operation.wires[0]
        targets = wires if isinstance(wires, tuple) else (wires,)
        gate = getattr(pyq, operation.gate)
        names = [f"{p.kind}{p.index}" for p in operation.parameters]
        operations.append(gate(*targets, *names))
    made = pyq.QuantumCircuit(circuit.qubits, operations).to(torch.complex64)
    signs = torch.tensor(z_signs(circuit.qubits), dtype=torch.float32)

    def run(x: Tensor, w: Tensor) -> Tensor:
        values = {f"input{k}": x[:, k] for k in range(circuit.inputs)}
        values |= {f"weight{k}": w[k] for k in range(circuit.weights)}
        state = made.run(values=values)  # (2, …, 2, batch)
        probabilities = state.abs().square().reshape(2**circuit.qubits, -1)
        return probabilities.T @ signs

    return run


def qiskit(circuit: Circuit) -> Function:
    """qiskit-machine-learning's TorchConnector over an EstimatorQNN with default settings."""
    from qiskit.circuit import Parameter, QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_machine_learning.connectors import TorchConnector
    from qiskit_machine_learning.neural_networks import EstimatorQNN

    x = [Parameter(f"x{k:03d}") for k in range(circuit.inputs)]
    w = [Parameter(f"w{k:03d}") for k in range(circuit.weights)]
    made = QuantumCircuit(circuit.qubits)
    for operation in circuit.operations:
        angles = [angle(operation, x, w)] if operation.parameters else []
        getattr(made, {"CNOT": "cx"}.get(operation.gate, operation.gate.lower()))(*angles, *operation.wires)
    words = [
        "".join("Z" if k == wire else "I" for k in range(circuit.qubits))[::-1]
        for wire in range(circuit.qubits)
    ]
    network = EstimatorQNN(
        circuit=made,
        observables=[SparsePauliOp(word) for word in words],
        input_params=x,
        weight_params=w,
        input_gradients=True,
    )
    connector = TorchConnector(network)

    def run(values: Tensor, weights: Tensor) -> Tensor:
        connector.weight.data = weights.detach()
        return connector(values)  # type: ignore[no-any-return]

    run.weight = connector.weight  # type: ignore[attr-defined]
    return run


MAKERS: dict[str, Callable[[Circuit], Function]] = {
    "compiled": lambda circuit: ours(circuit, "compiled"),
    "torch": lambda circuit: ours(circuit, "torch"),
    "pennylane default": lambda circuit: pennylane(circuit, "default.qubit", "backprop"),
    "pennylane lightning": lambda circuit: pennylane(circuit, "lightning.qubit", "adjoint"),
    "tensorcircuit-ng": tensorcircuit,
    "pyqtorch": pyqtorch,
    "qiskit-machine-learning": qiskit,
}


def drawn(circuit: Circuit, batch: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs, weights and the gradient by the expectations."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((batch, circuit.inputs), (circuit.weights,), (batch, circuit.qubits))
    x, w, pulling = (torch.randn(shape, generator=generator) for shape in shapes)
    return x.requires_grad_(), w.requires_grad_(), pulling


def stepper(function: Function, circuit: Circuit, batch: int) -> Callable[[], list[Tensor]]:
    """Forward and backward of one batch, returning expectations and both gradients."""
    x, w, pulling = drawn(circuit, batch)
    own = getattr(function, "weight", None)  # for libraries that own the weights

    def step() -> list[Tensor]:
        for tensor in (x, w, own):
            if tensor is not None:
                tensor.grad = None
        values = function(x, w)
        (values * pulling).sum().backward()
        assert x.grad is not None
        slope = w.grad if own is None else own.grad
        return [values.detach(), x.grad, slope]

    return step


def check(name: str, function: Function, circuit: Circuit, batch: int) -> None:
    """Exits if a simulator's results differ."""
    got = stepper(function, circuit, batch)()
    wanted = stepper(ours(circuit, "torch"), circuit, batch)()
    for part, right in zip(got, wanted, strict=True):
        worst = float((part - right).abs().max())
        if not worst <= 1e-3 * max(1.0, float(right.abs().max())):
            raise SystemExit(f"{name} disagrees on {circuit.name} by {worst}")


def in_turns(steps: dict[str, Callable[[], Any]], repetitions: int) -> dict[str, list[float]]:
    """Seconds by name, one value per turn; short steps are repeated within a turn."""
    counts: dict[str, int] = {}
    for name, step in steps.items():
        step()
        begun = time.perf_counter()
        step()
        counts[name] = max(1, int(0.05 / (time.perf_counter() - begun)))
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repetitions):
        for name, step in steps.items():
            begun = time.perf_counter()
            for _ in range(counts[name]):
                step()
            times[name].append((time.perf_counter() - begun) / counts[name])
    return times


def summary(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4)
    return {"median": middle, "quartile_1": low, "quartile_3": high}


def compared(times: dict[str, list[float]]) -> dict[str, Any]:
    """Milliseconds, and the speed-up of ours within each turn."""
    mine = times["compiled"]
    return {
        name: {
            "milliseconds": summary([1000 * value for value in values]),
            "times_ours": summary([a / b for a, b in zip(values, mine, strict=True)]),
        }
        for name, values in times.items()
    }


def training(case: Case, names: list[str], repetitions: int) -> dict[str, Any]:
    """The row of one circuit."""
    steps, scales = {}, {}
    for name in names:
        if name in case.skip:
            continue
        batch = case.small if name in SLOW else case.batch
        function = MAKERS[name](case.circuit)
        check(name, function, case.circuit, batch)
        steps[name], scales[name] = stepper(function, case.circuit, batch), case.batch / batch
    times = {
        name: [value * scales[name] for value in values]
        for name, values in in_turns(steps, repetitions).items()
    }
    return {
        "batch": case.batch,
        "scaled_from": {n: case.small for n in steps if n in SLOW},
        **compared(times),
    }


def inference(names: list[str], repetitions: int) -> dict[str, Any]:
    """Inference of 100,000 inputs through a ring of 8 qubits, without gradients, in batches of 4,096."""
    circuit = layouts.qssl_ring(8, 2)
    x, w, _ = drawn(circuit, 100_000)

    def runner(function: Function) -> Callable[[], None]:
        def run() -> None:
            with torch.no_grad():
                for part in x.detach().split(4096):
                    function(part, w.detach())

        return run

    steps = {name: runner(MAKERS[name](circuit)) for name in names if name in (*OURS, "tensorcircuit-ng")}
    return {"batch": 100_000, **compared(in_turns(steps, repetitions))}


def limits(circuit: Circuit, batch: int, seconds: float) -> dict[str, float]:
    """Rates in GFLOP/s of the kernel and of a float32 matrix product."""
    # 6 for each plane forward; 6 for both states and 3 for the slope backward; 2 rows a plane
    work = len(rotations(circuit).planes) * (6 + 12 + 3) * batch
    a = torch.randn(1024, 1024)
    a @ a
    begun = time.perf_counter()
    for _ in range(10):
        a @ a
    product = 10 * 2 * 1024**3 / (time.perf_counter() - begun)
    source, target = torch.empty(1 << 26), torch.empty(1 << 26)
    target.copy_(source)
    begun = time.perf_counter()
    target.copy_(source)
    copied = 2 * 4 * (1 << 26) / (time.perf_counter() - begun)
    return {
        "kernel_gflops": work / seconds / 1e9,
        "matrix_product_gflops": product / 1e9,
        "copy_gb_s": copied / 1e9,
    }


def show(name: str, row: dict[str, Any]) -> None:
    """Prints the row, one line per simulator."""
    print(f"\n{name}, batch {row['batch']:,}")
    for peer, numbers in row.items():
        if not isinstance(numbers, dict) or "milliseconds" not in numbers:
            continue
        took, ratio = numbers["milliseconds"], numbers["times_ours"]
        note = "  (scaled)" if peer in row.get("scaled_from", {}) else ""
        print(
            f"  {peer:24} {took['median']:10.2f} ms   {ratio['median']:7.1f} × ours "
            f"({ratio['quartile_1']:.1f}–{ratio['quartile_3']:.1f}){note}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=PEERS, choices=PEERS, help="other simulators to run")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    warnings.filterwarnings("ignore")
    names = [*OURS, *given.only]
    rows: dict[str, Any] = {}
    for case in CASES:
        rows[case.name] = training(case, names, given.repetitions)
        seconds = rows[case.name]["compiled"]["milliseconds"]["median"] / 1000
        rows[case.name]["limits"] = limits(case.circuit, case.batch, seconds)
        show(case.name, rows[case.name])
        print("  ", {key: round(value, 1) for key, value in rows[case.name]["limits"].items()})
    rows["inference, ring of 8 qubits"] = inference(names, given.repetitions)
    show("inference, ring of 8 qubits", rows["inference, ring of 8 qubits"])
    if given.out:
        packages = (
            "torch",
            "numba",
            "pennylane",
            "pennylane-lightning",
            "tensorcircuit-ng",
            "pyqtorch",
            "qiskit",
        )
        machine = {
            "python": platform.python_version(),
            "processor": platform.processor() or platform.machine(),
            "threads": given.threads,
            **{package: version(package) for package in (*packages, "qiskit-machine-learning")},
        }
        given.out.write_text(
            json.dumps({"made_by": made_by(), "rows": rows, "machine": machine}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
