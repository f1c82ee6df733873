"""Log-fidelity of product states, stable in float32 and with bounded memory. torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

FLOOR = 1e-6  # of an overlap: a qubit's fidelity is at least 1e-12, as in `metrics.distances`
SMALLEST = 5e-4  # amplitudes are taken to be at least this in derivatives, which are infinite at |z| = 1
ELEMENTS = 1 << 22  # of a block of overlaps


def log_fidelity(a: Tensor, b: Tensor) -> Tensor:
    """log F (n, m) ≤ 0 of product states with ⟨Z⟩ = `a` (n, k) and `b` (m, k), real and of one sign of x.

    log F = Σ log((1 + z_u z_v + √(1 − z_u²) √(1 − z_v²)) / 2), each qubit's fidelity at least 1e-12. It is the sum of
    logarithms of squared overlaps of amplitudes √((1 ± z)/2), never the logarithm of a product, so 768 qubits do
    not underflow. Derivatives stay finite where |z| = 1; second ones do not exist. Values beyond ±1 count as ±1.
    """
    result: Tensor = _LogFidelity.apply(a, b)
    return result


class _LogFidelity(torch.autograd.Function):
    """Blocks of qubits at a time; overlaps are computed again on the way back instead of being kept."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(a, b)
        left, right = _amplitudes(a), _amplitudes(b)
        total = a.new_zeros(len(a), len(b))
        for part in _blocks(a, b):
            overlaps = left[part] @ right[part].mT  # (qubits, n, m)
            total += overlaps.clamp_min_(FLOOR).log_().sum(0)
        return total.mul_(2).clamp_max_(0)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (a, b), twice = ctx.saved_tensors, 2 * gradients[0]
        left, right = _amplitudes(a), _amplitudes(b)
        of_left, of_right = torch.empty_like(left), torch.empty_like(right)
        for part in _blocks(a, b):
            overlaps = left[part] @ right[part].mT
            slopes = torch.where(overlaps > FLOOR, twice / overlaps.clamp_min(FLOOR), 0.0)  # (qubits, n, m)
            torch.matmul(slopes, right[part], out=of_left[part])
            torch.matmul(slopes.mT, left[part], out=of_right[part])
        return _of_z(left, of_left), _of_z(right, of_right)


def _amplitudes(z: Tensor) -> Tensor:
    """(k, n, 2): √((1 + z)/2) and √((1 − z)/2)."""
    half = z.clamp(-1, 1).T / 2
    return torch.stack([0.5 + half, 0.5 - half], dim=-1).sqrt_()


def _of_z(amplitudes: Tensor, gradient: Tensor) -> Tensor:
    """The derivative by z (n, k) from that by the amplitudes (k, n, 2): ±1/4 over each amplitude."""
    slopes = gradient / (4 * amplitudes.clamp_min(SMALLEST))
    return (slopes[..., 0] - slopes[..., 1]).T


def _blocks(a: Tensor, b: Tensor) -> Iterator[slice]:
    size = max(1, ELEMENTS // max(1, len(a) * len(b)))
    return (slice(first, first + size) for first in range(0, a.shape[1], size))
