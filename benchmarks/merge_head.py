"""Measure the merge head's time against a dense linear head and against density matrices, and its memory.

    python benchmarks/merge_head.py [--out FILE] [--repetitions N] [--batch N] [--threads N]

Goals: 768 → 256, batch 4,096, forward + backward on two cores: ≤ 3 × the dense linear head (tanh(Wu + b), BEC) in one
run, and ≥ 100 × faster than the same merges as 4×4 complex density matrices; peak memory linear in batch × width.
The merge head's time includes encoding. The density matrices are vectorised over outputs and samples, in complex64,
with gradients by autograd: the whole batch at once (2 GB), and `--matrices` samples at a time, which fit into the
cache, scaled to the batch. Sides alternate in one process; ratios are computed within each turn.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from qlatent.circuits.merging import stages
from qlatent.heads.projection import merging
from qlatent.provenance import made_by
from qlatent.registry import HEADS, config_class, make_config, resolve

GOAL_LINEAR, GOAL_MATRICES, GOAL_EXPONENT = 3.0, 100.0, 1.1
WIDTH, KEPT, SPREAD = 768, 256, 0.4  # about the size of a number in a raw BERT vector
HEADS_TIMED = ("bec", "qbec", "linear_fidelity", "merge_cnot", "grouped_linear")
SIZES = ((1024, 768), (2048, 768), (4096, 768), (8192, 768), (4096, 384), (4096, 1536))  # (batch, width)


def made(name: str, width: int = WIDTH, kept: int = KEPT) -> Any:
    """The head called `name` for one modality."""
    settings = {"input_dim": width, "qubits": kept, "modalities": ("vector",)}
    return resolve(HEADS[name].target)(make_config(config_class("head", name), settings))


def vectors(batch: int, width: int = WIDTH) -> Tensor:
    """Gaussian vectors (batch, width)."""
    return torch.randn((batch, width), generator=torch.Generator().manual_seed(7)) * SPREAD


def stepper(head: Any, u: Tensor) -> Callable[[], None]:
    """Forward and backward of one batch."""
    ones = torch.ones(len(u), head.latent_dim)

    def step() -> None:
        head.zero_grad(set_to_none=True)
        head.encode({"vector": u})["vector"].backward(ones)

    return step


def rotations(found: Tensor) -> Tensor:
    """exp(iα) RZ(β) RY(γ) RZ(δ): (k, 4) → (k, 2, 2)."""
    alpha, beta, gamma, delta = found.unbind(1)
    up, down, plus, minus = torch.cos(gamma / 2), torch.sin(gamma / 2), (beta + delta) / 2, (beta - delta) / 2
    entries = (up * _phase(-plus), -down * _phase(-minus), down * _phase(minus), up * _phase(plus))
    return _phase(alpha)[:, None, None] * torch.stack(entries, 1).view(-1, 2, 2)


def _phase(angle: Tensor) -> Tensor:
    return torch.polar(torch.ones_like(angle), angle)


def products(a: Tensor, b: Tensor) -> Tensor:
    """Kronecker products over leading dimensions: (…, n, n), (…, n, n) → (…, n², n²)."""
    size = a.shape[-1] * b.shape[-1]
    return torch.einsum("...ij,...kl->...ikjl", a, b).reshape(*a.shape[:-2], size, size)


def unitaries(found: Tensor) -> Tensor:
    """CU·(U_c ⊗ U_t) of angles (k, 12): (k, 4, 4)."""
    control, target, gate = (rotations(found[:, first : first + 4]) for first in (0, 4, 8))
    above = torch.eye(2, dtype=gate.dtype).expand_as(gate)
    zero = torch.zeros_like(gate)
    controlled = torch.cat([torch.cat([above, zero], 2), torch.cat([zero, gate], 2)], 1)
    return controlled @ products(control, target)


def density(amplitudes: Tensor) -> Tensor:
    """|ψ⟩⟨ψ| of amplitudes (…, 2)."""
    return amplitudes[..., :, None] * amplitudes[..., None, :].conj()


def by_matrices(u: Tensor, found: Tensor, width: int) -> Tensor:
    """⟨Z⟩ (n, width) with a 4×4 complex density matrix per merge, as in the paper; multiples of the width only."""
    theta = math.pi / 2 * (1 + torch.tanh(u))
    states = torch.stack(
        [torch.cos(theta / 2).to(torch.complex64), -torch.sin(theta / 2) + 0j], -1
    )  # (n, d, 2)
    first, held = 0, states[:, -width:]
    for stage in stages(u.shape[1], width):
        gates = unitaries(found[first : first + width])
        pair = products(density(held), density(states[:, stage.target : stage.target + width]))
        rho = (gates @ pair @ gates.mH).view(*pair.shape[:2], 2, 2, 2, 2)
        kept = rho.diagonal(dim1=2, dim2=4).sum(-1)  # (n, k, 2, 2): control traced out
        up = kept[..., 0, 0].real.clamp(1e-7, 1 - 1e-7)
        held = torch.stack([up.sqrt(), (1 - up).sqrt()], -1).to(torch.complex64)
        first += width
    return 2 * up - 1


def matrix_stepper(head: Any, u: Tensor) -> Callable[[], None]:
    """The same merges with the same parameters."""
    raw, ones = head.compressors["vector"].raw, torch.ones(len(u), head.latent_dim)

    def step() -> None:
        raw.grad = None
        by_matrices(u, merging.angles(raw), head.latent_dim).backward(ones)

    return step


def assert_same(head: Any, u: Tensor) -> None:
    """Asserts that both sides compute the same values and gradients."""
    raw, found = head.compressors["vector"].raw, []
    for z in (head.encode({"vector": u})["vector"], by_matrices(u, merging.angles(raw), head.latent_dim)):
        found.append((z.detach(), torch.autograd.grad(z.square().sum(), raw)[0]))
    torch.testing.assert_close(found[0][0], found[1][0], atol=1e-4, rtol=0)
    torch.testing.assert_close(found[0][1], found[1][1], atol=5e-3, rtol=5e-3)


def timed(step: Callable[[], None]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    step()
    return (time.perf_counter() - begun) * 1000


def measure(given: argparse.Namespace) -> dict[str, list[float]]:
    """Milliseconds per step by side, one value per turn."""
    u = vectors(given.batch)
    heads = {name: made(name) for name in HEADS_TIMED}
    few = u[: given.matrices]
    assert_same(heads["qbec"], few)
    sides = {name: (stepper(head, u), 1.0, 5) for name, head in heads.items()}  # step, factor, steps a turn
    sides["density_matrices"] = (matrix_stepper(heads["qbec"], u), 1.0, 1)
    sides["density_matrices_scaled"] = (matrix_stepper(heads["qbec"], few), given.batch / len(few), 3)
    for step, *_ in sides.values():
        step()
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(given.repetitions):
        for name, (step, factor, steps) in sides.items():
            times[name].append(factor * statistics.median(timed(step) for _ in range(steps)))
    return times


def peak(batch: int, width: int) -> float:
    """Additional peak memory of a step of the merge head in MB, measured in a separate process."""
    command = [sys.executable, __file__, "--peak", str(batch), str(width)]
    mapped = os.environ | {
        "MALLOC_MMAP_THRESHOLD_": "65536"
    }  # each array alone: no room left over from earlier ones
    return float(subprocess.run(command, capture_output=True, text=True, check=True, env=mapped).stdout)


def own_peak(batch: int, width: int) -> float:
    """The same in this process, which must not have used more memory before."""
    head = made("qbec", width, width // 3)
    stepper(head, vectors(8, width))()
    step = stepper(head, vectors(batch, width))
    Path("/proc/self/clear_refs").write_text("5")  # Linux: resets the high-water mark
    before = resident("VmRSS")
    step()
    return (resident("VmHWM") - before) / 1024


def resident(what: str) -> int:
    """Memory of this process in kB: current (VmRSS) or peak (VmHWM)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what)))


def memory() -> dict[str, Any]:
    """Peaks by batch and width, and their growth exponents."""
    found = {f"{batch} × {width}": peak(batch, width) for batch, width in SIZES}
    by_batch, by_width = (
        math.log(found[large] / found[small]) / math.log(factor)
        for small, large, factor in (("1024 × 768", "8192 × 768", 8), ("4096 × 384", "4096 × 1536", 4))
    )
    return {"megabytes": found, "exponent_of_batch": by_batch, "exponent_of_width": by_width}


def summary(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return {"median": middle, "quartile_1": low, "quartile_3": high}


def report(times: dict[str, list[float]]) -> dict[str, Any]:
    """Times, and ratios within each turn."""
    ratios = {
        f"{above} / {below}": summary([a / b for a, b in zip(times[above], times[below], strict=True)])
        for above, below in (
            ("qbec", "bec"), ("merge_cnot", "bec"), ("grouped_linear", "bec"), ("qbec", "linear_fidelity"),
            ("density_matrices", "qbec"), ("density_matrices_scaled", "qbec"),
        )
    }  # fmt: skip
    return {"milliseconds": {name: summary(values) for name, values in times.items()}, "ratios": ratios}


def show(result: dict[str, Any]) -> None:
    """A small table."""
    for kind, unit in (("milliseconds", "ms"), ("ratios", "×")):
        for name, row in result[kind].items():
            spread = f"(middle half {row['quartile_1']:.2f}–{row['quartile_3']:.2f})"
            print(f"{name:34}{row['median']:10.2f} {unit} {spread}")
    print(f"goals: qbec / bec ≤ {GOAL_LINEAR}, density matrices / qbec ≥ {GOAL_MATRICES:.0f}")
    for name, value in result["memory"]["megabytes"].items():
        print(f"peak of batch × width {name:14}{value:8.1f} MB")
    growth = result["memory"]["exponent_of_batch"], result["memory"]["exponent_of_width"]
    print(f"grows with batch^{growth[0]:.2f} and width^{growth[1]:.2f}; goal ≤ {GOAL_EXPONENT}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path)
    parser.add_argument("--repetitions", type=int, default=11)
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--matrices", type=int, default=64, help="samples per turn as density matrices")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peak", type=int, nargs=2, metavar=("BATCH", "WIDTH"), help="only print one peak")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    if given.peak:
        print(own_peak(*given.peak))
        return
    result = {**report(measure(given)), "memory": memory()}
    show(result)
    if given.out:
        about = {key: value for key, value in vars(given).items() if key not in ("out", "peak")}
        goals = {"linear": GOAL_LINEAR, "matrices": GOAL_MATRICES, "exponent": GOAL_EXPONENT}
        machine = {"python": platform.python_version(), "torch": torch.__version__, "cpus": os.cpu_count()}
        document = {"goals": goals, **result, "settings": about, "machine": machine}
        given.out.write_text(json.dumps({"made_by": made_by(), **document}, indent=2) + "\n")


if __name__ == "__main__":
    main()
