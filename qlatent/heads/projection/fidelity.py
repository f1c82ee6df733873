"""Log-fidelity of product states in torch, stable in float32 and with bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from qlatent import tensors

FLOOR = (
    1e-6  # lower bound of an overlap: a qubit's fidelity is at least 1e-12, as in `metrics.pairs.distances`
)
SMALLEST = 5e-4  # lower bound of amplitudes in derivatives, which are infinite at |z| = 1
ELEMENTS = 1 << 22  # overlaps per block


def log_fidelity(a: Tensor, b: Tensor) -> Tensor:
    """log F (n, m) ≤ 0 of real product states with ⟨Z⟩ = `a` (n, k) and `b` (m, k), all x of equal sign.

    log F = Σ log((1 + z_u z_v + √(1 − z_u²) √(1 − z_v²)) / 2), with each qubit's fidelity at least 1e-12. It sums
    logarithms of squared overlaps of amplitudes √((1 ± z)/2) instead of taking the logarithm of a product, so 768
    qubits do not underflow. First and second derivatives stay finite at |z| = 1. Values beyond ±1 are clamped.
    Computed in float32 or wider, also under autocast and for 16-bit inputs.
    """
    dtype = torch.promote_types(a.dtype, b.dtype)
    full = torch.float32 if dtype in tensors.HALVES else dtype
    with tensors.full_precision(a):
        result: Tensor = tensors.applied(_LogFidelity, _log_fidelity, a.to(full), b.to(full))
    return result.to(dtype)


def _log_fidelity(a: Tensor, b: Tensor) -> Tensor:
    """The same in plain torch operations, with all overlaps in memory at once."""
    overlaps = _smooth_amplitudes(a) @ _smooth_amplitudes(b).mT  # (k, n, m)
    return (2 * overlaps.clamp_min(FLOOR).log().sum(0)).clamp_max(0)


def _smooth_amplitudes(z: Tensor) -> Tensor:
    """`_amplitudes` with derivative ±1/4 divided by the amplitude, or by `SMALLEST` where it is smaller."""
    half = (z + (z.clamp(-1, 1) - z).detach()).T / 2  # clamped, with the gradient passed through
    square = torch.stack([0.5 + half, 0.5 - half], dim=-1)
    line = square / (2 * SMALLEST)
    flat = square.detach().clamp_min(0).sqrt() + line - line.detach()
    return torch.where(square > SMALLEST**2, square.clamp_min(SMALLEST**2).sqrt(), flat)


class _LogFidelity(torch.autograd.Function):
    """Log-fidelity in blocks of qubits; the backward pass recomputes overlaps instead of storing them."""

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
    """Amplitudes √((1 + z)/2) and √((1 − z)/2): (n, k) → (k, n, 2)."""
    half = z.clamp(-1, 1).T / 2
    return torch.stack([0.5 + half, 0.5 - half], dim=-1).sqrt_()


def _of_z(amplitudes: Tensor, gradient: Tensor) -> Tensor:
    """Chain rule from gradients by amplitudes (k, n, 2) to those by z (n, k): ±1/4 divided by each amplitude."""
    slopes = gradient / (4 * amplitudes.clamp_min(SMALLEST))
    return (slopes[..., 0] - slopes[..., 1]).T


def _blocks(a: Tensor, b: Tensor) -> Iterator[slice]:
    size = max(1, ELEMENTS // max(1, len(a) * len(b)))
    return (slice(first, first + size) for first in range(0, a.shape[1], size))
