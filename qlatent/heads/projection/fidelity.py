"""Log-fidelity of product states, stable in float32 and with bounded memory. torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from qlatent import tensors

FLOOR = 1e-6  # of an overlap: a qubit's fidelity is at least 1e-12, as in `metrics.distances`
SMALLEST = 5e-4  # amplitudes are taken to be at least this in derivatives, which are infinite at |z| = 1
ELEMENTS = 1 << 22  # of a block of overlaps


def log_fidelity(a: Tensor, b: Tensor) -> Tensor:
    """log F (n, m) ≤ 0 of product states with ⟨Z⟩ = `a` (n, k) and `b` (m, k), real and of one sign of x.

    log F = Σ log((1 + z_u z_v + √(1 − z_u²) √(1 − z_v²)) / 2), each qubit's fidelity at least 1e-12. It is the sum of
    logarithms of squared overlaps of amplitudes √((1 ± z)/2), never the logarithm of a product, so 768 qubits do
    not underflow. Derivatives stay finite where |z| = 1, the second ones too. Values beyond ±1 count as ±1. Computed in
    float32 at least, under autocast and of shorter numbers too.
    """
    dtype = torch.promote_types(a.dtype, b.dtype)
    full = torch.float32 if dtype in tensors.HALVES else dtype
    with tensors.full_precision(a):
        result: Tensor = tensors.applied(_LogFidelity, _log_fidelity, a.to(full), b.to(full))
    return result.to(dtype)


def _log_fidelity(a: Tensor, b: Tensor) -> Tensor:
    """In torch operations alone, with all overlaps at once."""
    overlaps = _smooth_amplitudes(a) @ _smooth_amplitudes(b).mT  # (k, n, m)
    return (2 * overlaps.clamp_min(FLOOR).log().sum(0)).clamp_max(0)


def _smooth_amplitudes(z: Tensor) -> Tensor:
    """As `_amplitudes`, with the slope ±1/4 over the smallest amplitude where it is less than that."""
    half = (z + (z.clamp(-1, 1) - z).detach()).T / 2  # beyond ±1 the slope goes on
    square = torch.stack([0.5 + half, 0.5 - half], dim=-1)
    line = square / (2 * SMALLEST)
    flat = square.detach().clamp_min(0).sqrt() + line - line.detach()
    return torch.where(square > SMALLEST**2, square.clamp_min(SMALLEST**2).sqrt(), flat)


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
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        if tensors.asked_again(gradients[0]):
            return tensors.pulled_back(_log_fidelity, ctx.saved_tensors, gradients[0])
        with tensors.full_precision(gradients[0]):
            return _LogFidelity._by_hand(ctx, gradients[0])

    @staticmethod
    def _by_hand(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        (a, b), twice = ctx.saved_tensors, 2 * gradient
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
